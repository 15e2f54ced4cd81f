// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// A table of any length: only the rows in sight are in the document.

import { el, setAttribute, setClass, setHidden, setText } from './dom.js';
import { filtered, heldOrder, sorted } from './sorting.js';

const SPARE_ROWS = 6;
let tables = 0;

// Which columns fit, the most important ones first (priority 0: always).
export function fittingColumns(columns, width) {
  const shown = columns.filter((column) => !column.hidden);
  while (shown.reduce((sum, column) => sum + column.width, 0) > width) {
    const least = shown.reduce((a, b) => (b.priority >= a.priority ? b : a));
    if (least.priority === 0) break;
    shown.splice(shown.indexOf(least), 1);
  }
  return shown;
}

// columns: {id, title, hint, width (px, at least), grow, priority, end (to the right),
// value(row) for sorting, descending (at first), make(cell), fill(cell, row)}.
// `key(row)`: a string that stays the row's own.
export class Table {
  constructor({ label, columns, key, haystack, open, sort, rowHeight = 40, rowClass = () => '' }) {
    Object.assign(this, { columns, key, haystack, open, sort, rowHeight, rowClass });
    this.id = `table${++tables}`;
    this.rows = [];
    this.shown = [];
    this.order = [];
    this.filter = '';
    this.selected = null;
    this.pool = [];
    this.visible = [];
    this.head = el('div', { class: 'head', role: 'row', 'aria-rowindex': 1 });
    this.body = el('div', { class: 'rows', role: 'rowgroup' });
    this.grid = el(
      'div',
      { class: 'table', role: 'grid', tabindex: 0, 'aria-label': label, id: this.id },
      el('div', { class: 'head-group', role: 'rowgroup' }, this.head),
      this.body,
    );
    this.none = el('p', { class: 'none', hidden: true });
    this.element = el('div', { class: 'table-frame' }, this.grid, this.none);
    this.grid.addEventListener('scroll', () => this.draw(), { passive: true });
    this.body.addEventListener('click', (event) => this.clicked(event));
    new ResizeObserver(() => this.resized()).observe(this.grid);
  }

  setRows(rows) {
    this.rows = rows;
    this.arrange(this.body.matches(':hover'));
  }

  setFilter(text) {
    if (text === this.filter) return;
    this.filter = text;
    this.arrange(false);
    this.grid.scrollTop = 0;
  }

  sortBy(id) {
    const column = this.columns.find((one) => one.id === id);
    const again = this.sort.id === id;
    this.sort = { id, descending: again ? !this.sort.descending : Boolean(column.descending) };
    this.arrange(false);
    const hadFocus = this.head.contains(document.activeElement);
    this.drawHead();
    if (hadFocus) this.head.querySelector(`[data-column="${id}"]`)?.focus();
  }

  sortByNext() {
    const at = this.visible.findIndex((column) => column.id === this.sort.id);
    this.sortBy(this.visible[(at + 1) % this.visible.length].id);
  }

  // Under the pointer rows keep their order, so that nobody clicks on the wrong one.
  arrange(hold) {
    const column = this.columns.find((one) => one.id === this.sort.id);
    const rows = filtered(this.rows, this.filter, this.haystack);
    const inOrder = sorted(rows, column.value, this.sort.descending, this.key);
    this.shown = hold ? heldOrder(inOrder, this.order, this.key) : inOrder;
    this.order = this.shown.map(this.key);
    this.draw();
  }

  resized() {
    const columns = fittingColumns(this.columns, this.grid.clientWidth);
    if (columns.length !== this.visible.length || columns.some((one, i) => one !== this.visible[i])) {
      this.visible = columns;
      this.grid.style.setProperty(
        '--columns',
        columns
          .map((one) => (one.grow ? `minmax(${one.width}px, ${one.grow}fr)` : `${one.width}px`))
          .join(' '),
      );
      for (const row of this.pool) row.element.remove();
      this.pool = [];
      this.drawHead();
    }
    this.draw();
  }

  drawHead() {
    this.head.replaceChildren(
      ...this.visible.map((column, index) => {
        const active = this.sort.id === column.id;
        const arrow = active ? (this.sort.descending ? '▾' : '▴') : '';
        const button = el(
          'button',
          {
            type: 'button',
            title: column.hint ?? null,
            'data-column': column.id,
            on: { click: () => this.sortBy(column.id) },
          },
          el('span', {}, column.title),
          el('span', { class: 'arrow', 'aria-hidden': 'true' }, arrow),
        );
        return el(
          'div',
          {
            class: column.end ? 'cell end' : 'cell',
            role: 'columnheader',
            'aria-colindex': index + 1,
            'aria-sort': active ? (this.sort.descending ? 'descending' : 'ascending') : 'none',
          },
          button,
        );
      }),
    );
    setAttribute(this.grid, 'aria-colcount', this.visible.length);
  }

  makeRow() {
    const cells = this.visible.map((column, index) => {
      const cell = el('div', {
        class: column.end ? 'cell end' : 'cell',
        role: 'gridcell',
        'aria-colindex': index + 1,
      });
      column.make?.(cell);
      return cell;
    });
    const element = el('div', { class: 'row', role: 'row' }, ...cells);
    this.body.append(element);
    return { element, cells };
  }

  draw() {
    if (this.visible.length === 0) return;
    const height = this.grid.clientHeight;
    const first = Math.max(0, Math.floor(this.grid.scrollTop / this.rowHeight) - SPARE_ROWS);
    const last = Math.min(this.shown.length, first + Math.ceil(height / this.rowHeight) + 2 * SPARE_ROWS);
    this.body.style.height = `${this.shown.length * this.rowHeight}px`;
    setAttribute(this.grid, 'aria-rowcount', this.shown.length + 1);
    while (this.pool.length < last - first) this.pool.push(this.makeRow());
    this.pool.forEach((row, i) => this.fillRow(row, first + i, first + i < last));
    const selected = this.shown.findIndex((row) => this.key(row) === this.selected);
    const inSight = selected >= first && selected < last;
    setAttribute(this.grid, 'aria-activedescendant', inSight ? `${this.id}-${selected}` : null);
    const why = this.rows.length === 0 ? this.emptyText : `Nothing here holds “${this.filter}”.`;
    setText(this.none, why ?? '');
    setHidden(this.none, this.shown.length !== 0 || !why);
  }

  fillRow({ element, cells }, index, isThere) {
    setHidden(element, !isThere);
    if (!isThere) return;
    const row = this.shown[index];
    const chosen = this.key(row) === this.selected;
    setAttribute(element, 'id', `${this.id}-${index}`);
    setAttribute(element, 'aria-rowindex', index + 2);
    setAttribute(element, 'aria-selected', chosen);
    const names = `row${chosen ? ' selected' : ''} ${this.rowClass(row)}`.trim();
    if (element.className !== names) element.className = names;
    element.style.transform = `translateY(${index * this.rowHeight}px)`;
    element.dataset.index = index;
    this.visible.forEach((column, i) => column.fill(cells[i], row));
  }

  clicked(event) {
    const element = event.target.closest('.row');
    if (!element) return;
    const row = this.shown[Number(element.dataset.index)];
    if (!row) return;
    this.selected = this.key(row);
    this.draw();
    this.open?.(row);
  }

  // Whether the key was for this table.
  pressed(key) {
    const page = Math.max(1, Math.floor(this.grid.clientHeight / this.rowHeight) - 2);
    const steps = {
      ArrowDown: 1,
      j: 1,
      ArrowUp: -1,
      k: -1,
      PageDown: page,
      PageUp: -page,
      Home: -Infinity,
      End: Infinity,
    };
    if (key in steps) return this.move(steps[key]);
    if (key === 's') this.sortByNext();
    if (key === 'S') this.sortBy(this.sort.id);
    if (key === 's' || key === 'S') return true;
    if (key !== 'Enter') return false;
    const row = this.shown.find((one) => this.key(one) === this.selected);
    if (row) this.open?.(row);
    return Boolean(row);
  }

  move(by) {
    if (this.shown.length === 0) return false;
    const at = this.shown.findIndex((row) => this.key(row) === this.selected);
    const to = at < 0 ? (by > 0 && by !== Infinity ? 0 : this.shown.length - 1) : at + by;
    const index = Math.min(this.shown.length - 1, Math.max(0, to));
    this.selected = this.key(this.shown[index]);
    this.reveal(index);
    this.draw();
    return true;
  }

  reveal(index) {
    const top = index * this.rowHeight;
    const room = this.grid.clientHeight - this.head.offsetHeight - this.rowHeight;
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    else if (top > this.grid.scrollTop + room) this.grid.scrollTop = top - room;
    this.grid.focus({ preventScroll: true });
    if (this.grid.getBoundingClientRect().bottom > window.innerHeight)
      this.grid.scrollIntoView({ block: 'end' });
  }
}

// Columns of the usual kinds.

export function twoLines(
  first,
  second,
  title = (row) => [first(row), second(row)].filter(Boolean).join('\n'),
) {
  return {
    make: (cell) => cell.append(el('div', { class: 'first' }), el('div', { class: 'second' })),
    fill: (cell, row) => {
      setText(cell.firstChild, first(row));
      setText(cell.lastChild, second(row));
      setAttribute(cell, 'title', title(row));
    },
  };
}

export function plain(text, title = null) {
  return {
    fill: (cell, row) => {
      setText(cell, text(row));
      if (title) setAttribute(cell, 'title', title(row));
    },
  };
}

// A number with a bar below it that shows its share of `limit`.
export function meter(text, share, level = () => '') {
  return {
    make: (cell) => cell.append(el('div', {}), el('div', { class: 'meter' }, el('div', {}))),
    fill: (cell, row) => {
      setText(cell.firstChild, text(row));
      const part = share(row);
      setHidden(cell.lastChild, part === null);
      cell.lastChild.firstChild.style.width = `${100 * Math.min(1, part ?? 0)}%`;
      setClass(cell.lastChild, 'high', level(row) === 'high');
    },
  };
}
