// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// The largest living maps.

import { el } from './dom.js';
import {
  bytes,
  count,
  decimal,
  exact,
  percent,
  shortFunction,
  functionName,
  typeName,
  visible,
} from './format.js';
import { meter, plain, Table, twoLines } from './table.js';
import { workloadName } from './store.js';

// Pure. What a map takes before it grows. Sources: Go's runtime/map.go (loadFactorNum /
// loadFactorDen: 13/2 keys a bucket) and internal/runtime/maps (maxAvgGroupLoad: 7 of 8 slots).
export function fullAt(impl) {
  return impl === 'classic' ? 6.5 : 7 / 8;
}

// Pure. null where no growth is under way.
export function movedShare(one) {
  return one.old_buckets > 0 ? one.evacuated_buckets / one.old_buckets : null;
}

export function mapKey(one) {
  return `${one.pid}:${one.map}`;
}

export class MapsView {
  constructor({ store, navigate }) {
    this.store = store;
    const number = { end: true, descending: true };
    const workload = (row) => visible(workloadName(store.byId.get(row.workload) ?? { exe: '' }));
    this.table = new Table({
      label: 'Living maps',
      key: mapKey,
      haystack: (row) =>
        `${typeName(row.map_type)} ${functionName(row.function)} ${workload(row)} ${row.pid} ${row.map} ${row.impl} ${row.old_buckets > 0 ? 'growing' : ''}`,
      open: (row) =>
        navigate({ view: 'map', workload: store.route.workload, pid: String(row.pid), map: row.map }),
      sort: { id: 'bytes', descending: true },
      columns: [
        {
          id: 'type',
          title: 'Map',
          width: 200,
          grow: 3,
          priority: 0,
          value: (row) => visible(row.map_type),
          ...twoLines(
            (row) => typeName(row.map_type),
            (row) => `${row.map} in ${workload(row)} ${row.pid}`,
          ),
        },
        {
          id: 'function',
          title: 'Grew last in',
          width: 150,
          grow: 2,
          priority: 4,
          value: (row) => visible(row.function),
          ...plain(
            (row) => shortFunction(functionName(row.function)),
            (row) => visible(row.function),
          ),
        },
        {
          id: 'keys',
          title: 'Keys',
          width: 96,
          priority: 0,
          value: (row) => row.keys,
          ...number,
          ...plain(
            (row) => count(row.keys),
            (row) => exact(row.keys),
          ),
        },
        {
          id: 'buckets',
          title: 'Buckets',
          hint: 'of a Swiss map: slots',
          width: 104,
          priority: 3,
          value: (row) => row.buckets,
          ...number,
          ...twoLines(
            (row) => count(row.buckets),
            (row) => (row.impl === 'classic' ? 'buckets' : 'slots'),
          ),
        },
        {
          id: 'load',
          title: 'Load factor',
          hint: 'keys ÷ buckets, of a Swiss map keys ÷ slots; the bar is full where it grows',
          width: 104,
          priority: 1,
          value: (row) => row.load_factor,
          ...number,
          ...meter(
            (row) => decimal(row.load_factor),
            (row) => row.load_factor / fullAt(row.impl),
          ),
        },
        {
          id: 'overflow',
          title: 'Overflow',
          hint: 'overflow buckets (classic maps)',
          width: 96,
          priority: 2,
          value: (row) => (row.impl === 'classic' ? row.overflow_buckets : null),
          ...number,
          ...plain((row) => (row.impl === 'classic' ? count(row.overflow_buckets) : '')),
        },
        {
          id: 'tombstones',
          title: 'Tombstones',
          hint: 'deleted slots that are not free yet (Swiss maps)',
          width: 104,
          priority: 6,
          value: (row) => (row.impl === 'swiss' ? row.tombstones : null),
          ...number,
          ...plain((row) => (row.impl === 'swiss' ? count(row.tombstones) : '')),
        },
        {
          id: 'bytes',
          title: 'Bytes',
          width: 96,
          priority: 1,
          value: (row) => row.bytes,
          ...number,
          ...plain((row) => bytes(row.bytes)),
        },
        {
          id: 'moved',
          title: 'Moved',
          hint: 'a growth under way: how many of the old buckets have moved',
          width: 104,
          priority: 2,
          value: movedShare,
          ...number,
          ...meter((row) => (movedShare(row) === null ? '' : percent(movedShare(row))), movedShare),
        },
      ],
    });
    this.element = el('div', { class: 'view' }, this.table.element);
  }

  update() {
    this.table.emptyText = this.store.maps
      ? 'No living map that has grown is known yet. A map is known from its first growth on, and read every other second.'
      : 'Asking…';
    this.table.setFilter(this.store.filter);
    this.table.setRows(this.store.maps?.maps ?? []);
  }

  pressed(key) {
    return this.table.pressed(key);
  }
}
