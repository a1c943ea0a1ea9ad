// The judge of one criterion: RUBRIC_GRADER=mock decides by a hash, without a network; RUBRIC_GRADER=NAME asks the model
// of that name at RUBRIC_GRADER_BASE_URL, an OpenAI-compatible endpoint, with the key in RUBRIC_GRADER_API_KEY or
// OPENAI_API_KEY. RUBRIC_GRADER_TIMEOUT bounds each call in seconds.
//
// A grading that fails is reported as an error of the grader, never as "not met".
'use strict';

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { caseOf } = require('./cases.cjs');

const ATTEMPTS = 4;
const LONGEST_PAUSE = 60;
const FAILED = 'grading failed: ';
const ANSWER = 'assistant: ';

class Refused extends Error {
  constructor(message, { pause, isFinal = false } = {}) {
    super(message);
    this.pause = pause;
    this.isFinal = isFinal;
  }
}

/** Return the grader's prompt; a text that itself holds a placeholder is left as it is. */
function filled(conversation, criterion) {
  const template = fs.readFileSync(path.join(__dirname, 'grader_template.txt'), 'utf8');
  const [head, rest] = template.split('<<CONVERSATION>>');
  const [middle, tail] = rest.split('<<CRITERION>>');
  return head + conversation + middle + criterion + tail;
}

/** Return the verdict in the reply, or null when it isn't the JSON that was asked for. */
function verdictIn(reply) {
  try {
    const data = JSON.parse(reply.slice(reply.indexOf('{'), reply.lastIndexOf('}') + 1));
    return typeof data.criteria_met === 'boolean' ? data : null;
  } catch {
    return null;
  }
}

function mock(answer, criterion) {
  const met = createHash('sha256').update(`${answer}\n${criterion}`, 'utf8').digest()[0] % 2 === 0;
  return JSON.stringify({ explanation: 'Decided by a hash.', criteria_met: met });
}

async function ask(model, prompt) {
  const base = (process.env.RUBRIC_GRADER_BASE_URL ?? '').replace(/\/+$/, '');
  const key = process.env.RUBRIC_GRADER_API_KEY || process.env.OPENAI_API_KEY || '';
  let reply;
  let text;
  try {
    reply = await fetch(`${base}/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(key ? { Authorization: `Bearer ${key}` } : {}) },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: prompt }] }),
      signal: AbortSignal.timeout(1000 * Number(process.env.RUBRIC_GRADER_TIMEOUT || 120)),
    });
    text = await reply.text();
  } catch (error) {
    throw new Refused(`${error.name}: ${error.message}`);
  }
  if (reply.status !== 200) {
    const waits = [408, 409, 429].includes(reply.status) || reply.status >= 500;
    const pause = Number.parseFloat(reply.headers.get('retry-after') ?? '');
    throw new Refused(`the endpoint answered ${reply.status}: ${text.slice(0, 200)}`, {
      pause: Number.isFinite(pause) ? Math.max(0, pause) : undefined,
      isFinal: !waits,
    });
  }
  try {
    return JSON.parse(text).choices[0].message.content ?? '';
  } catch {
    throw new Refused(`the endpoint's reply was not understood: ${text.slice(0, 200)}`);
  }
}

/** Return the verdict; after ATTEMPTS calls that bring none, an error. */
async function judged(name, prompt, answer, criterion) {
  let problem = '';
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    try {
      const reply = name === 'mock' ? mock(answer, criterion) : await ask(name, prompt);
      const verdict = verdictIn(reply);
      if (verdict) {
        return { verdict };
      }
      problem = `no verdict in the grader's reply: ${reply.slice(0, 200)}`;
    } catch (error) {
      if (!(error instanceof Refused)) {
        throw error;
      }
      problem = error.message;
      if (error.isFinal) {
        break;
      }
      if (attempt < ATTEMPTS) {
        const seconds = Math.min(LONGEST_PAUSE, error.pause ?? 2 ** (attempt - 1));
        await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
      }
    }
  }
  return { problem };
}

module.exports = class Grader {
  id() {
    return `rubric-grader:${process.env.RUBRIC_GRADER || 'none'}`;
  }

  async callApi(_prompt, context) {
    const name = process.env.RUBRIC_GRADER;
    if (!name) {
      return { error: `${FAILED}set RUBRIC_GRADER to mock, or to the name of a model` };
    }
    const { prompt_id: promptId, output, rubric } = context.vars;
    const { prompt: turns, rubrics } = caseOf(promptId);
    const { points, criterion } = rubrics[Number(/^#(\d+) /.exec(rubric)[1]) - 1];
    // The assertion puts the role before the answer: an answer that is JSON would else arrive parsed.
    const answer = String(output).slice(ANSWER.length);
    const shown = [...turns, { role: 'assistant', content: answer }].map((turn) => `${turn.role}: ${turn.content}`);
    const prompt = filled(shown.join('\n\n'), `[${points}] ${criterion}`);
    const { verdict, problem } = await judged(name, prompt, answer, criterion);
    const metadata = { grader: name };
    if (!verdict) {
      return { error: FAILED + problem, metadata };
    }
    const { criteria_met: met, explanation } = verdict;
    return { output: JSON.stringify({ pass: met, score: met ? 1 : 0, reason: explanation || 'no reason given' }), metadata };
  }
};
