// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// One site: its figures, its living maps, and the call stacks that lead to it.

import { el, setHidden, setText } from './dom.js';
import { added, rateOf } from './estimates.js';
import { FlameGraph } from './flame_graph.js';
import {
  bytes,
  count,
  DASH,
  decimal,
  duration,
  exact,
  functionName,
  place,
  typeName,
  visible,
} from './format.js';
import { formatRoute, siteParameters } from './route.js';
import { workloadName } from './store.js';

const FIELDS = [
  ['growths', 'Growths', (site) => exact(site.growths)],
  ['estimated', 'By samples', (site) => added(site.estimated_growths) || DASH],
  ['rate', 'Growths/s', (site, workload) => rateOf(workload, site.growths_per_second)],
  ['bytes', 'Allocated', (site) => bytes(site.bytes)],
  ['time', 'Time', (site) => duration(site.growing_ns)],
  ['slowest', 'Slowest', (site) => duration(site.slowest_ns)],
  ['mean', 'Each', (site) => (site.growths > 0 ? bytes(site.bytes / site.growths) : DASH)],
  ['largest', 'Largest map', (site) => `${count(site.max_keys)} keys`],
  ['alive', 'Alive', (site) => (site.tracked ? count(site.tracked.maps) : DASH)],
  ['load', 'Load factor', (site) => decimal(site.tracked?.load_factor)],
  ['overflow', 'Overflow', (site) => count(site.tracked?.overflow_buckets)],
];

const OF_TRACKED = ['alive', 'load', 'overflow'];

// All sites beyond the limit count as one, which has no place.
function emptyText(route) {
  return route.function === 'other' && !route.file
    ? 'This stands for all sites beyond --metrics.max-sites; their call stacks are in the flame graph of all.'
    : 'No call stack leads here any more.';
}

export class SiteView {
  constructor({ store }) {
    this.store = store;
    this.title = el('h2', {});
    this.place = el('p', { class: 'second' });
    this.gone = el('p', { class: 'note', role: 'status' });
    this.values = FIELDS.map(([id, name]) =>
      el('div', { class: 'tile', 'data-tile': id }, el('dt', {}, name), el('dd', {})),
    );
    this.maps = el('a', {});
    this.graph = new FlameGraph();
    this.element = el(
      'div',
      { class: 'view detail' },
      el(
        'div',
        { class: 'detail-head' },
        el('a', { class: 'back', href: '#/sites' }, '← Sites'),
        this.title,
        this.place,
        this.gone,
      ),
      el('dl', { class: 'panel strip' }, ...this.values),
      el('div', { class: 'detail-head' }, el('h3', {}, 'Call stacks that lead here'), this.maps),
      this.graph.element,
    );
  }

  update() {
    const { route, sites, flame, filter, byId } = this.store;
    const wanted = siteParameters(route);
    const site = sites?.sites.find((one) => {
      const its = siteParameters(one);
      return Object.keys(wanted).every((name) => its[name] === (wanted[name] ?? ''));
    });
    if (site) this.last = site;
    else if (!this.last || JSON.stringify(siteParameters(this.last)) !== JSON.stringify(wanted))
      this.last = null;
    const shown = site ?? this.last;
    setText(this.title, functionName(route.function));
    const workload = byId.get(route.workload);
    setText(
      this.place,
      [
        place(route.file, Number(route.line)),
        typeName(route.map_type),
        workload ? visible(workloadName(workload)) : '',
      ]
        .filter(Boolean)
        .join('  ·  '),
    );
    this.place.title = visible(route.file);
    setText(this.gone, sites && !site ? 'This site is not listed any more.' : '');
    setHidden(this.gone, this.gone.textContent === '');
    FIELDS.forEach(([id, , text], i) => {
      setText(this.values[i].lastChild, shown ? text(shown, workload) : DASH);
      const isAbsent = id === 'estimated' && !(shown?.estimated_growths > 0);
      setHidden(this.values[i], isAbsent || (OF_TRACKED.includes(id) && !shown?.tracked));
    });
    setText(this.maps, shown?.tracked ? 'Its workload’s living maps →' : '');
    this.maps.href = formatRoute({ view: 'maps', workload: route.workload });
    this.element.querySelector('.back').href = formatRoute({ view: 'sites', workload: this.store.backTo });
    this.graph.show(flame?.root ?? null, filter, flame ? emptyText(route) : 'Asking…');
  }

  pressed(key) {
    return this.graph.pressed(key);
  }
}
