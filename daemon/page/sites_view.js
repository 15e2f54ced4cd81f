// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Where growth begins.

import { el } from './dom.js';
import { bytesColumn, growthsColumn, rateOf } from './estimates.js';
import {
  bytes,
  count,
  decimal,
  duration,
  exact,
  functionName,
  place,
  rate,
  shortFunction,
  typeName,
  visible,
} from './format.js';
import { siteParameters } from './route.js';
import { workloadName } from './store.js';
import { plain, Table, twoLines } from './table.js';

function siteKey(site) {
  return [site.workload, site.function, site.file, site.line, site.map_type].join('\u0000');
}

export class SitesView {
  constructor({ store, navigate }) {
    this.store = store;
    const number = { end: true, descending: true };
    const workload = (row) => visible(workloadName(store.byId.get(row.workload) ?? { exe: '' }));
    this.workloadColumn = {
      id: 'workload',
      title: 'Workload',
      width: 110,
      grow: 1,
      priority: 6,
      value: workload,
      ...plain(workload),
    };
    this.table = new Table({
      label: 'Sites',
      key: siteKey,
      haystack: (row) =>
        `${functionName(row.function)} ${visible(row.file)}:${row.line} ${typeName(row.map_type)} ${workload(row)}`,
      open: (row) => navigate({ view: 'site', ...siteParameters(row) }),
      sort: { id: 'growths', descending: true },
      columns: [
        {
          id: 'function',
          title: 'Function',
          width: 200,
          grow: 3,
          priority: 0,
          value: (row) => visible(row.function).toLowerCase(),
          ...twoLines(
            (row) => shortFunction(functionName(row.function)),
            (row) => place(row.file, row.line),
            (row) => `${functionName(row.function)}\n${visible(row.file)}`,
          ),
        },
        {
          id: 'type',
          title: 'Map type',
          width: 190,
          grow: 2,
          priority: 3,
          value: (row) => visible(row.map_type),
          make: (cell) => cell.classList.add('code'),
          ...plain(
            (row) => typeName(row.map_type),
            (row) => typeName(row.map_type),
          ),
        },
        this.workloadColumn,
        {
          id: 'growths',
          title: 'Growths',
          width: 92,
          priority: 0,
          ...number,
          ...growthsColumn(),
        },
        {
          id: 'rate',
          title: 'Growths/s',
          hint: 'in the last second',
          width: 92,
          priority: 1,
          value: (row) => row.growths_per_second,
          ...number,
          ...plain((row) => rateOf(store.byId.get(row.workload), row.growths_per_second)),
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
          width: 88,
          priority: 4,
          value: (row) => row.growing_ns,
          ...number,
          ...plain((row) => duration(row.growing_ns)),
        },
        {
          id: 'slowest',
          title: 'Slowest',
          hint: 'the growth that took longest',
          width: 88,
          priority: 7,
          value: (row) => row.slowest_ns,
          ...number,
          ...plain((row) => duration(row.slowest_ns)),
        },
        {
          id: 'largest',
          title: 'Largest',
          hint: 'keys of the largest map when it grew',
          width: 88,
          priority: 5,
          value: (row) => row.max_keys,
          ...number,
          ...plain(
            (row) => count(row.max_keys),
            (row) => exact(row.max_keys),
          ),
        },
        {
          id: 'alive',
          title: 'Alive',
          hint: 'its living maps, as far as sampled, and the highest load factor',
          width: 100,
          priority: 8,
          value: (row) => row.tracked?.maps ?? null,
          ...number,
          ...twoLines(
            (row) => count(row.tracked?.maps),
            (row) => (row.tracked ? `load ${decimal(row.tracked.load_factor)}` : ''),
          ),
        },
      ],
    });
    this.element = el('div', { class: 'view' }, this.table.element);
  }

  update() {
    const all = this.store.route.workload === undefined;
    if (this.workloadColumn.hidden !== !all) {
      this.workloadColumn.hidden = !all;
      this.table.resized();
    }
    this.table.emptyText = this.store.sites ? 'No map has grown here since the daemon began.' : 'Asking…';
    this.table.setFilter(this.store.filter);
    this.table.setRows(this.store.sites?.sites ?? []);
  }

  pressed(key) {
    return this.table.pressed(key);
  }
}
