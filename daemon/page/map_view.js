// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// One living map: its arrays or tables as they are, its figures as they change.

import { el, setAttribute, setClass, setHidden, setText } from './dom.js';
import { bytes, clock, DASH, decimal, exact, functionName, percent, typeName, visible } from './format.js';
import { MapChart } from './map_chart.js';
import { drawArray, drawTables, summaryOfTables } from './map_drawing.js';
import { MapWatch } from './map_watch.js';
import { fullAt, movedShare } from './maps_view.js';
import { formatRoute } from './route.js';

const FIELDS = [
  ['keys', 'Keys', (one) => exact(one.keys)],
  ['buckets', 'Buckets', (one) => exact(one.buckets)],
  [
    'load',
    'Load factor',
    (one) => `${decimal(one.load_factor)} of ${decimal(fullAt(one.impl), one.impl === 'classic' ? 1 : 3)}`,
  ],
  ['overflow', 'Overflow', (one) => (one.impl === 'classic' ? exact(one.overflow_buckets) : DASH)],
  ['tombstones', 'Tombstones', (one) => (one.impl === 'swiss' ? exact(one.tombstones) : DASH)],
  ['bytes', 'Bytes', (one) => bytes(one.bytes)],
  ['moved', 'Moved', (one) => (movedShare(one) === null ? DASH : percent(movedShare(one)))],
];

function arrayPanel(name) {
  const title = el('h3', {});
  const canvas = el('canvas', { role: 'img' });
  const element = el(
    'figure',
    { class: 'panel array', 'data-array': name },
    el('figcaption', {}, title),
    canvas,
  );
  return { element, title, canvas };
}

export class MapView {
  constructor({ store }) {
    this.store = store;
    this.watched = null;
    this.watch = new MapWatch();
    this.title = el('h2', {});
    this.place = el('p', { class: 'second' });
    this.note = el('p', { class: 'notice', role: 'status', hidden: true });
    this.values = FIELDS.map(([id, name]) =>
      el('div', { class: 'tile', 'data-tile': id }, el('dt', {}, name), el('dd', {}, DASH)),
    );
    this.bar = el('div', {});
    this.progress = el(
      'div',
      {
        class: 'progress',
        role: 'progressbar',
        'aria-label': 'Moved buckets',
        'aria-valuemin': 0,
        'aria-valuemax': 100,
      },
      this.bar,
    );
    this.old = arrayPanel('old');
    this.current = arrayPanel('current');
    this.tables = arrayPanel('tables');
    this.legend = el('p', { class: 'cells-legend' });
    this.chart = new MapChart();
    this.events = el('ol', { class: 'events' });
    this.noEvents = el('p', { class: 'none' }, 'No growth since the page watches.');
    this.element = el(
      'div',
      { class: 'view detail scrolls' },
      el(
        'div',
        { class: 'detail-head' },
        el('a', { class: 'back', href: '#/maps' }, '← Maps'),
        this.title,
        this.place,
      ),
      this.note,
      el('dl', { class: 'panel strip' }, ...this.values),
      this.progress,
      el('div', { class: 'arrays' }, this.old.element, this.current.element, this.tables.element),
      this.legend,
      el(
        'div',
        { class: 'pair' },
        this.chart.element,
        el('section', { class: 'panel' }, el('h3', {}, 'Growths'), this.events, this.noEvents),
      ),
    );
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  update() {
    const { route, map } = this.store;
    const key = `${route.pid}:${route.map}`;
    if (this.watched !== key) this.begin(key);
    this.element.querySelector('.back').href = formatRoute({ view: 'maps', workload: route.workload });
    const answer = map?.key === key ? map : null;
    const picture = answer?.picture ?? null;
    setText(this.note, answer?.note || (picture ? '' : 'Waiting for the first picture…'));
    setHidden(this.note, this.note.textContent === '');
    setClass(this.element, 'stale', Boolean(answer?.note));
    if (picture && picture !== this.picture) {
      this.picture = picture;
      this.watch.add(picture);
      this.draw();
    }
  }

  begin(key) {
    this.watched = key;
    this.picture = null;
    this.watch = new MapWatch();
    this.chart.clear();
    const { pid, map } = this.store.route;
    setText(this.title, 'Map');
    setText(this.place, `${visible(map)} in process ${visible(pid)}`);
    for (const tile of this.values) setText(tile.lastChild, DASH);
    for (const panel of [this.old, this.current, this.tables]) setHidden(panel.element, true);
    setHidden(this.progress, true);
    this.drawEvents();
  }

  draw() {
    const { picture } = this;
    if (!picture || !this.element.isConnected) return;
    setText(this.title, typeName(picture.map_type));
    setText(
      this.place,
      `${visible(picture.map)} in process ${picture.pid}  ·  grew last in ${functionName(picture.function)}  ·  read ${clock(picture.sampled_ns)}${picture.is_blurred ? ', while it was written' : ''}`,
    );
    FIELDS.forEach(([, , text], i) => setText(this.values[i].lastChild, text(picture)));
    setText(this.values[1].firstChild, picture.impl === 'classic' ? 'Buckets' : 'Slots');
    setHidden(this.values[3], picture.impl !== 'classic');
    setHidden(this.values[4], picture.impl !== 'swiss');
    setHidden(this.values[6], picture.impl !== 'classic');
    this.drawProgress(picture);
    if (picture.impl === 'classic') this.drawClassic(picture);
    else this.drawSwiss(picture);
    this.chart.draw(this.watch, fullAt(picture.impl));
    this.drawEvents();
  }

  drawProgress(picture) {
    const share = movedShare(picture);
    setHidden(this.progress, picture.impl !== 'classic');
    this.bar.style.width = `${100 * (share ?? 0)}%`;
    setAttribute(this.progress, 'aria-valuenow', Math.round(100 * (share ?? 0)));
  }

  drawClassic(picture) {
    setHidden(this.tables.element, true);
    setHidden(this.old.element, false);
    setHidden(this.current.element, false);
    const { old, current } = picture;
    const moved = movedShare(picture);
    const what = picture.is_same_size ? 'Fresh array' : 'New array';
    this.paint(
      this.old,
      old
        ? `Old array: ${exact(old.buckets)} buckets, ${percent(moved ?? 0)} moved`
        : 'Old array: none, no growth is under way',
      old?.buckets ?? 0,
      old?.cells ?? [],
    );
    this.paint(
      this.current,
      `${old ? what : 'Array'}: ${exact(current?.buckets ?? picture.buckets)} buckets`,
      current?.buckets ?? 0,
      current?.cells ?? [],
    );
    setClass(this.old.element, 'absent', !old);
    this.tellLegend(
      [
        ['full', 'slots in use'],
        ['moved', 'moved to the new array'],
        ['overflow', 'overflow buckets'],
      ],
      'Cells from left to right, in the order of the buckets.',
    );
  }

  paint(panel, text, buckets, cells) {
    const each =
      buckets > cells.length && cells.length > 0
        ? `, ${exact(Math.ceil(buckets / cells.length))} a cell`
        : '';
    const title = text + each;
    setText(panel.title, title);
    const filled = cells.length > 0 ? cells.reduce((sum, cell) => sum + cell[0], 0) / cells.length : 0;
    setAttribute(panel.canvas, 'aria-label', `${title}; ${percent(filled)} of the slots in use`);
    drawArray(panel.canvas, cells);
  }

  drawSwiss(picture) {
    setHidden(this.tables.element, false);
    setHidden(this.old.element, true);
    setHidden(this.current.element, true);
    const tables =
      picture.tables.length > 0
        ? picture.tables
        : picture.groups
          ? [{ tombstones: 0, ...picture.groups }]
          : [];
    const { n, smallest, largest } = summaryOfTables(tables);
    const sizes =
      smallest === largest ? `${exact(largest)} slots each` : `${exact(smallest)} to ${exact(largest)} slots`;
    const title =
      n === 0
        ? 'No group yet'
        : picture.tables.length === 0
          ? 'One group of 8 slots, no tables yet'
          : n === 1
            ? `One table of ${exact(largest)} slots`
            : `${exact(n)} tables, ${sizes}`;
    setText(this.tables.title, title);
    setAttribute(this.tables.canvas, 'aria-label', `${title}; load factor ${decimal(picture.load_factor)}`);
    drawTables(this.tables.canvas, tables);
    this.tellLegend(
      [
        ['full', 'slots in use'],
        ['tombstone', 'tombstones'],
      ],
      'Tables in the order of the directory; a higher one has more slots. A full one is copied to one of twice the slots, or split in two.',
    );
  }

  tellLegend(entries, text) {
    const shape = JSON.stringify([entries, text]);
    if (this.legendShape === shape) return;
    this.legendShape = shape;
    this.legend.replaceChildren(
      ...entries.map(([name, label]) => el('span', { class: `key ${name}` }, label)),
      el('span', {}, text),
    );
  }

  drawEvents() {
    const shape = this.watch.events.map((event) => event.time_ns + event.text).join();
    setHidden(this.noEvents, this.watch.events.length > 0);
    if (this.eventShape === shape) return;
    this.eventShape = shape;
    this.events.replaceChildren(
      ...this.watch.events.map(({ time_ns: at, text }) =>
        el('li', {}, el('time', {}, clock(at)), ` ${text}`),
      ),
    );
  }

  repaint() {
    this.chart.clear();
    this.draw();
  }

  pressed() {
    return false;
  }
}
