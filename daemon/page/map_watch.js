// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Pure: what became of one map while it was watched.

import { duration, exact, percent } from './format.js';

const LONGEST = 3000; // samples: five minutes at ten a second
const EVENTS = 50;

export class MapWatch {
  constructor() {
    this.times = [];
    this.keys = [];
    this.loads = [];
    this.moved = [];
    this.events = []; // {time_ns, text}, newest first
    this.last = null;
    this.growthSince = 0;
  }

  add(picture) {
    if (this.last && picture.sampled_ns <= this.last.sampled_ns) return;
    this.notice(picture);
    this.last = picture;
    const old = picture.old_buckets;
    for (const [list, value] of [
      [this.times, picture.sampled_ns / 1e9],
      [this.keys, picture.keys],
      [this.loads, picture.load_factor],
      [this.moved, old > 0 ? picture.evacuated_buckets / old : null],
    ]) {
      list.push(value);
      if (list.length > LONGEST) list.shift();
    }
  }

  notice(now) {
    const { last } = this;
    const unit = now.impl === 'classic' ? 'buckets' : 'slots';
    if (!last) {
      if (now.old_buckets > 0)
        this.tell(
          now,
          `a growth is under way: ${percent(now.evacuated_buckets / now.old_buckets)} has moved`,
        );
      return;
    }
    const wasGrowing = last.old_buckets > 0;
    const isGrowing = now.old_buckets > 0;
    const another = isGrowing && wasGrowing && now.buckets !== last.buckets;
    if (wasGrowing && (!isGrowing || another))
      this.tell(now, `all ${exact(last.old_buckets)} old buckets have moved${this.took(now)}`);
    if (isGrowing && (!wasGrowing || another)) {
      this.growthSince = now.sampled_ns;
      this.tell(
        now,
        now.is_same_size
          ? `grows into ${exact(now.buckets)} fresh ${unit}: too many overflow buckets`
          : `grows from ${exact(now.old_buckets)} to ${exact(now.buckets)} ${unit}`,
      );
    } else if (!isGrowing && !wasGrowing && now.buckets !== last.buckets) {
      this.tell(now, `has grown from ${exact(last.buckets)} to ${exact(now.buckets)} ${unit}`);
    }
  }

  took(now) {
    return this.growthSince > 0 ? `, after ${duration(now.sampled_ns - this.growthSince)}` : '';
  }

  tell(now, text) {
    this.events.unshift({ time_ns: now.sampled_ns, text });
    this.events.length = Math.min(this.events.length, EVENTS);
  }
}
