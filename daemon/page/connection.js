// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Whether the daemon answers. If it does not, the last picture stays, and the page says so.

import { byId, setAttribute, setClass, setHidden, setText } from './dom.js';
import { HttpError } from './feed.js';

const RETRY_MS = [500, 1000, 2000, 3000];

// Pure: an error in words.
export function reason(error) {
  if (error instanceof HttpError) {
    if (error.status === 401) return 'it wants a password: load the page again';
    if (error.status === 429) return 'it is asked too often';
    return `it says: ${error.message}`;
  }
  return error?.name === 'AbortError' ? 'it takes too long' : 'it is not there';
}

export class Connection {
  constructor({ retry }) {
    this.banner = byId('connection');
    this.text = byId('connection-text');
    this.lamp = byId('lamp');
    this.lostAt = null;
    this.attempts = 0;
    this.began = 0;
    byId('retry').addEventListener('click', retry);
  }

  // Of the status: the one that tells whether the daemon is there.
  answered(status) {
    const restarted = this.began !== 0 && status.began_ns !== this.began;
    this.began = status.began_ns;
    this.lostAt = null;
    this.attempts = 0;
    this.draw();
    setClass(this.lamp, 'bad', !status.ready);
    setText(byId('lamp-text'), status.ready ? 'live' : 'not ready');
    return restarted;
  }

  // When to try again, in ms.
  failed(error) {
    this.lostAt ??= new Date();
    this.why = reason(error);
    const wait = RETRY_MS[Math.min(this.attempts, RETRY_MS.length - 1)];
    this.attempts += 1;
    this.draw();
    return wait;
  }

  draw() {
    const lost = this.lostAt !== null;
    setHidden(this.banner, !lost);
    setClass(document.body, 'lost', lost);
    setClass(this.lamp, 'lost', lost);
    if (!lost) return setText(this.text, '');
    setText(byId('lamp-text'), 'no answer');
    setText(
      this.text,
      `The daemon has not answered since ${this.lostAt.toLocaleTimeString('en-GB')}: ${this.why}. What you see is the last picture; the page tries again by itself.`,
    );
    setAttribute(this.banner, 'data-attempts', this.attempts);
  }
}
