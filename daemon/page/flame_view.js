// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// All call stacks that make maps grow.

import { el } from './dom.js';
import { FlameGraph } from './flame_graph.js';

export class FlameView {
  constructor({ store }) {
    this.store = store;
    this.graph = new FlameGraph();
    this.element = el('div', { class: 'view' }, this.graph.element);
  }

  update() {
    const { flame, filter } = this.store;
    this.graph.show(
      flame?.root ?? null,
      filter,
      flame ? 'No map has grown here since the daemon began.' : 'Asking…',
    );
  }

  pressed(key) {
    return this.graph.pressed(key);
  }
}
