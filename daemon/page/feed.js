// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Asks for one thing again and again for as long as it is wanted.

const TIMEOUT_MS = 10_000;
// However large an answer is: a tenth of the time at most goes into it.
const LEAST_REST = 9;

export class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(url) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(url, { cache: 'no-store', signal: abort.signal });
    const text = await response.text();
    let body = null;
    try {
      body = JSON.parse(text);
    } catch {
      if (response.ok) throw new Error('the answer is no JSON');
    }
    if (!response.ok) throw new HttpError(response.status, body?.error ?? `status ${response.status}`);
    return { status: response.status, body };
  } finally {
    clearTimeout(timer);
  }
}

// `url()`: what to ask for now, or null for nothing. `answer(body, status, url)` and
// `failure(error, url)` are told what came of it, unless something else is wanted by then.
export class Feed {
  constructor({ url, everyMs, answer, failure }) {
    Object.assign(this, { url, everyMs, answer, failure });
    this.timer = 0;
    this.asking = null; // the URL on its way
    this.turn = 0; // what an earlier turn brings is not wanted any more
  }

  // At once: something else is wanted, or the last attempt failed.
  kick() {
    if (this.asking === null || this.asking !== this.url()) this.run();
  }

  // It may be wanted by now: if it rests because nothing was, it begins.
  wake() {
    if (this.asking === null && this.timer === 0) this.run();
  }

  async run() {
    clearTimeout(this.timer);
    this.timer = 0;
    const turn = ++this.turn;
    const url = document.hidden ? null : this.url();
    this.asking = url;
    if (url === null) return;
    const began = performance.now();
    let next = this.everyMs;
    try {
      const { status, body } = await ask(url);
      if (this.turn !== turn) return;
      this.answer(body, status, url);
      next = Math.max(next, LEAST_REST * (performance.now() - began));
    } catch (error) {
      if (this.turn !== turn) return;
      next = this.failure(error, url) ?? this.everyMs;
    }
    this.asking = null;
    this.timer = setTimeout(() => this.run(), next);
  }
}
