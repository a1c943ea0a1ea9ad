// The cases as they stand in the file, and the escape that keeps their text from being read as a template.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

let cases;

/** Return the case with this prompt_id. */
function caseOf(promptId) {
  if (!cases) {
    const lines = fs.readFileSync(path.join(__dirname, 'cases.jsonl'), 'utf8').split('\n');
    cases = new Map(lines.filter(Boolean).map((line) => JSON.parse(line)).map((row) => [row.prompt_id, row]));
  }
  const found = cases.get(promptId);
  if (!found) {
    throw new Error(`cases.jsonl has no case ${promptId}`);
  }
  return found;
}

/** Return a text that the template engine turns back into this text, whatever it holds. */
function escape(text) {
  return /^(1|true|yes)$/i.test(process.env.PROMPTFOO_DISABLE_TEMPLATING ?? '')
    ? text
    : text.replace(/\{(?=[{%#])|(?<=#)\}/g, (brace) => `{{'${brace}'}}`);
}

module.exports = { caseOf, escape };
