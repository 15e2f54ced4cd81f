// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// A flame graph with its controls: which weight, zoom, search.

import { el, setAttribute, setHidden, setText } from './dom.js';
import { bytes, duration, percent, plural, shortFunction, typeName, visible } from './format.js';
import { colourOf, follow, layout, shareFound, step } from './flame_layout.js';

const ROW = 21;
const NARROWEST_PX = 1;
const NAMES = { growths: 'Growths', bytes: 'Bytes', growing_ns: 'Time' };
const AMOUNTS = { growths: (n) => plural(n, 'growth'), bytes, growing_ns: duration };
const KEYS = { g: 'growths', b: 'bytes', t: 'growing_ns' };

let graphs = 0;

function boxName(node) {
  if (node.kind === 'root') return 'all';
  return node.kind === 'map_type' ? typeName(node.name) : shortFunction(node.name || 'function not known');
}

export class FlameGraph {
  constructor() {
    this.id = `flames${++graphs}`;
    this.root = null;
    this.weight = 'growths';
    this.path = [];
    this.selected = [];
    this.search = '';
    this.pool = [];
    this.weights = el(
      'div',
      { class: 'segments', role: 'radiogroup', 'aria-label': 'Width by' },
      ...Object.entries(NAMES).map(([weight, name]) =>
        el(
          'button',
          {
            type: 'button',
            role: 'radio',
            'data-weight': weight,
            on: { click: () => this.setWeight(weight) },
          },
          name,
        ),
      ),
    );
    this.reset = el(
      'button',
      { type: 'button', class: 'plain', on: { click: () => this.zoom([]) } },
      'Reset zoom',
    );
    this.told = el('output', { class: 'told' });
    this.found = el('span', { class: 'found', role: 'status' });
    this.picture = el('div', {
      class: 'flames',
      role: 'tree',
      tabindex: 0,
      'aria-label': 'Call stacks that make maps grow',
    });
    this.none = el('p', { class: 'none' });
    this.element = el(
      'div',
      { class: 'flame-graph' },
      el('div', { class: 'controls' }, this.weights, this.reset, this.told, this.found),
      el('div', { class: 'flame-frame' }, this.picture, this.none),
    );
    this.picture.addEventListener('click', (event) => this.withBox(event, (box) => this.zoom(box.path)));
    this.picture.addEventListener('mouseover', (event) => this.withBox(event, (box) => this.tell(box.node)));
    this.picture.addEventListener('mouseleave', () => this.tell(null));
    new ResizeObserver(() => this.draw()).observe(this.picture);
  }

  // `emptyText`: what is said where nothing has grown.
  show(root, search, emptyText) {
    const changed = root !== this.root || search !== this.search;
    this.root = root;
    this.search = search;
    this.emptyText = emptyText;
    if (changed) this.draw();
    setText(this.none, root && root.growths > 0 ? '' : emptyText);
    setHidden(this.none, Boolean(root && root.growths > 0));
  }

  setWeight(weight) {
    this.weight = weight;
    this.draw();
  }

  zoom(path) {
    this.path = path;
    this.selected = path;
    this.draw();
  }

  withBox(event, action) {
    const box = this.boxes?.[Number(event.target.closest('.box')?.dataset.index)];
    if (box) action(box);
  }

  draw() {
    for (const button of this.weights.children)
      setAttribute(button, 'aria-checked', button.dataset.weight === this.weight);
    const width = this.picture.clientWidth;
    if (!this.root || width === 0) {
      this.pool.forEach((box) => setHidden(box, true));
      return;
    }
    // What was zoomed into may have gone: then as near to it as there is.
    this.path = follow(this.root, this.path).slice(1).map(step);
    const { boxes, depth } = layout(this.root, this.weight, this.path, NARROWEST_PX / width);
    this.boxes = this.root.growths > 0 ? boxes : [];
    this.picture.style.height = `${(depth + 1) * ROW}px`;
    while (this.pool.length < this.boxes.length) this.pool.push(this.makeBox());
    this.pool.forEach((box, i) => {
      setHidden(box, i >= this.boxes.length);
      if (i < this.boxes.length) this.fillBox(box, this.boxes[i], i, width);
    });
    const at = this.indexOfSelected();
    setAttribute(this.picture, 'aria-activedescendant', at >= 0 ? this.pool[at].id : null);
    setHidden(this.reset, this.path.length === 0);
    this.tell(null);
    setText(
      this.found,
      this.search === ''
        ? ''
        : `“${this.search}”: ${percent(shareFound(this.root, this.weight, this.path, this.search))}`,
    );
  }

  makeBox() {
    const box = el('div', { class: 'box', role: 'treeitem', id: `${this.id}-${this.pool.length}` });
    this.picture.append(box);
    return box;
  }

  fillBox(element, box, index, width) {
    const { node } = box;
    const isFound =
      this.search !== '' &&
      node.kind !== 'root' &&
      node.name.toLowerCase().includes(this.search.toLowerCase());
    const isSelected = this.byKeyboard && this.same(box.path, this.selected);
    const names = [
      'box',
      colourOf(node),
      box.ancestor ? 'ancestor' : '',
      isFound ? 'found' : '',
      isSelected ? 'selected' : '',
    ];
    const className = names.filter(Boolean).join(' ');
    if (element.className !== className) element.className = className;
    element.dataset.index = index;
    element.style.left = `${100 * box.left}%`;
    element.style.width = `${Math.max(1, box.width * width - 1)}px`;
    element.style.top = `${box.depth * ROW}px`;
    setText(element, box.width * width > 24 ? boxName(node) : '');
    setAttribute(element, 'aria-level', box.depth + 1);
    setAttribute(element, 'aria-label', this.describe(node));
  }

  describe(node) {
    const name =
      node.kind === 'root'
        ? 'all'
        : node.kind === 'map_type'
          ? typeName(node.name)
          : visible(node.name) || 'function not known';
    const of = this.root[this.weight] > 0 ? ` (${percent(node[this.weight] / this.root[this.weight])})` : '';
    const amounts = [this.weight, ...Object.keys(NAMES).filter((one) => one !== this.weight)].map(
      (one, i) => AMOUNTS[one](node[one]) + (i === 0 ? of : ''),
    );
    return `${name}: ${amounts.join(', ')}`;
  }

  tell(node) {
    const at = this.indexOfSelected();
    const shown = node ?? (at >= 0 ? this.boxes[at].node : this.root);
    setText(this.told, shown ? this.describe(shown) : '');
    setAttribute(this.told, 'title', this.told.textContent);
  }

  same(a, b) {
    return a.length === b.length && a.every((one, i) => one === b[i]);
  }

  indexOfSelected() {
    return (this.boxes ?? []).findIndex((box) => this.same(box.path, this.selected));
  }

  pressed(key) {
    if (key in KEYS) {
      this.setWeight(KEYS[key]);
      return true;
    }
    if (key === 'Escape' && this.path.length > 0) {
      this.zoom(this.path.slice(0, -1));
      return true;
    }
    return this.boxes?.length > 0 && this.walk(key);
  }

  walk(key) {
    const box = this.boxes[Math.max(0, this.indexOfSelected())];
    const parent = this.boxes.find((one) => this.same(one.path, box.path.slice(0, -1)));
    const children = (of) =>
      this.boxes.filter((one) => one.depth === of.depth + 1 && this.same(one.path.slice(0, -1), of.path));
    const beside = (by) => {
      const all = parent && box.path.length > 0 ? children(parent) : [box];
      return all[all.indexOf(box) + by];
    };
    const widest = (all) =>
      all.reduce((most, one) => (most && most.width >= one.width ? most : one), undefined);
    const moves = {
      ArrowDown: () => widest(children(box)),
      j: () => widest(children(box)),
      ArrowUp: () => box.path.length > 0 && parent,
      k: () => box.path.length > 0 && parent,
      ArrowLeft: () => beside(-1),
      ArrowRight: () => beside(1),
    };
    if (key === 'Enter') {
      this.zoom(box.path);
      return true;
    }
    if (!(key in moves)) return false;
    this.byKeyboard = true;
    const to = moves[key]();
    if (to) this.selected = to.path;
    this.picture.focus({ preventScroll: true });
    this.draw();
    return true;
  }
}
