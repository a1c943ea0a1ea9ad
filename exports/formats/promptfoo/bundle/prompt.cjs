// The conversation of a case, each turn with its role.
'use strict';

const { caseOf, escape } = require('./cases.cjs');

module.exports = async function prompt({ vars }) {
  return caseOf(vars.prompt_id).prompt.map(({ role, content }) => ({ role, content: escape(content) }));
};
