// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// All workloads, the busiest first.

import { el, setAttribute, setText, svg } from './dom.js';
import { bytesColumn, growthsColumn, rateOf } from './estimates.js';
import { bytes, duration, exact, percent, rate, visible } from './format.js';
import { workloadName, workloadPlace } from './store.js';
import { meter, plain, Table, twoLines } from './table.js';

const SPARK = { width: 96, height: 22, points: 48 };

// Pure: the history's highest rates in as many equal parts, as an SVG polyline's points;
// empty when there is nothing to draw.
export function sparkPoints(history, { width, height, points }) {
  if (history.length < 2) return '';
  const size = Math.max(1, Math.ceil(history.length / points));
  const values = [];
  for (let i = 0; i < history.length; i += size)
    values.push(Math.max(...history.slice(i, i + size).map(([, value]) => value)));
  const top = Math.max(...values);
  if (top <= 0) return '';
  const step = width / Math.max(1, values.length - 1);
  return values
    .map((value, i) => `${(i * step).toFixed(1)},${(height - 1 - (value / top) * (height - 2)).toFixed(1)}`)
    .join(' ');
}

const spark = {
  make: (cell) =>
    cell.append(
      svg(
        'svg',
        { class: 'spark', viewBox: `0 0 ${SPARK.width} ${SPARK.height}`, 'aria-hidden': 'true' },
        svg('polyline', {}),
      ),
    ),
  fill: (cell, row) => setAttribute(cell.firstChild.firstChild, 'points', sparkPoints(row.history, SPARK)),
};

const name = {
  make: (cell) =>
    cell.append(
      el('div', { class: 'first' }, el('span', {}), el('span', { class: 'badge storm' })),
      el('div', { class: 'second' }),
    ),
  fill: (cell, row) => {
    setText(cell.firstChild.firstChild, visible(workloadName(row)));
    setText(cell.firstChild.lastChild, row.storm ? 'storm' : '');
    setText(cell.lastChild, visible(workloadPlace(row)) || 'no unit, no container');
    setAttribute(cell, 'title', visible([row.exe, row.unit, row.container_id].filter(Boolean).join(' · ')));
  },
};

export class WorkloadsView {
  constructor({ store, navigate }) {
    this.store = store;
    const number = { end: true, descending: true };
    this.table = new Table({
      label: 'Workloads',
      key: (row) => row.id,
      haystack: (row) =>
        visible(
          `${row.exe} ${workloadPlace(row)} ${row.container_id} ${row.storm ? 'storm' : ''} ${row.impl.join(' ')} ${row.processes.map((one) => `${one.pid} ${one.go_version}`).join(' ')}`,
        ),
      open: (row) => navigate({ view: 'sites', workload: row.id }),
      sort: { id: 'rate', descending: true },
      rowClass: (row) => (row.storm ? 'storming' : ''),
      columns: [
        {
          id: 'name',
          title: 'Workload',
          width: 200,
          grow: 3,
          priority: 0,
          value: (row) => row.exe.toLowerCase(),
          ...name,
        },
        {
          id: 'rate',
          title: 'Growths/s',
          hint: 'in the last second',
          width: 92,
          priority: 0,
          value: (row) => row.growths_per_second,
          ...number,
          ...plain((row) => rateOf(row, row.growths_per_second)),
        },
        {
          id: 'history',
          title: '15 minutes',
          width: 124,
          priority: 4,
          value: (row) => row.history.reduce((sum, [, value]) => sum + value, 0),
          descending: true,
          ...spark,
        },
        {
          id: 'growths',
          title: 'Growths',
          width: 96,
          priority: 1,
          ...number,
          ...growthsColumn(),
        },
        {
          id: 'bytes',
          title: 'Allocated',
          hint: 'for new buckets and tables',
          width: 96,
          priority: 2,
          ...number,
          ...bytesColumn(),
        },
        {
          id: 'time',
          title: 'Time',
          hint: 'between start and end of growths',
          width: 92,
          priority: 3,
          value: (row) => row.growing_ns,
          ...number,
          ...plain((row) => duration(row.growing_ns)),
        },
        {
          id: 'slowest',
          title: 'Slowest',
          hint: 'the growth that took longest',
          width: 92,
          priority: 6,
          value: (row) => row.slowest_ns,
          ...number,
          ...plain((row) => duration(row.slowest_ns)),
        },
        {
          id: 'maps',
          title: 'Maps',
          hint: "the runtime's design of maps",
          width: 92,
          priority: 8,
          value: (row) => row.impl.join(),
          ...plain((row) => row.impl.join(', ')),
        },
        {
          id: 'processes',
          title: 'Processes',
          width: 120,
          priority: 5,
          value: (row) => row.processes.length,
          ...number,
          ...twoLines(
            (row) => exact(row.processes.length),
            (row) => versions(row),
          ),
        },
        {
          id: 'overhead',
          title: 'Overhead',
          hint: 'time in probes ÷ CPU time, and what it may be',
          width: 96,
          priority: 3,
          value: (row) => row.overhead_ratio,
          ...number,
          ...meter(
            (row) => percent(row.overhead_ratio),
            (row) => this.shareOfLimit(row),
            (row) => (this.shareOfLimit(row) > 1 ? 'high' : ''),
          ),
        },
        {
          id: 'detail',
          title: 'Detail',
          hint: 'what the governor lets be probed now',
          width: 76,
          priority: 7,
          value: (row) => row.detail,
          ...plain((row) => row.detail),
        },
      ],
    });
    this.element = el('div', { class: 'view' }, this.table.element);
  }

  shareOfLimit(row) {
    const max = this.store.status?.max_overhead ?? 0;
    return max > 0 ? row.overhead_ratio / max : null;
  }

  update() {
    this.table.setFilter(this.store.filter);
    this.table.setRows(this.store.workloads);
  }

  pressed(key) {
    return this.table.pressed(key);
  }
}

function versions(row) {
  const all = [...new Set(row.processes.map((one) => visible(one.go_version)))].sort();
  return all.length > 1 ? `${all[0]} …` : all.join('');
}
