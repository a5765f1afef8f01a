'use strict';

// A request that is answered with an error envelope.
class Refusal extends Error {
  constructor(status, message, code, field, detail = message) {
    super(message);
    this.status = status;
    this.errors = [{ code, field, detail }];
  }
}

module.exports = { Refusal };
