// A model that answers from a hash of the question, without a network.
'use strict';

const { createHash } = require('node:crypto');

module.exports = class MockModel {
  id() {
    return 'mock';
  }

  async callApi(prompt) {
    const turns = JSON.parse(prompt);
    const question = turns[turns.length - 1].content;
    return { output: `Mock answer ${createHash('sha256').update(question, 'utf8').digest('hex').slice(0, 12)}` };
  }
};
