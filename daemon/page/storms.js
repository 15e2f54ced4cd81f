// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Growth storms that are on: a banner, and where each begins.

import { byId, el, setHidden, setText } from './dom.js';
import { rateOf } from './estimates.js';
import { age, count, functionName, place, plural, shortFunction, visible } from './format.js';
import { formatRoute, siteParameters } from './route.js';
import { workloadName, workloadPlace } from './store.js';

const AT_MOST = 5;

// Pure: the site of a workload that grows fastest now, or did most.
export function topSite(sites, workloadId) {
  return (
    sites
      .filter((site) => site.workload === workloadId)
      .sort((a, b) => b.growths_per_second - a.growths_per_second || b.growths - a.growths)[0] ?? null
  );
}

export class Storms {
  constructor() {
    this.element = byId('storms');
    this.title = el('strong', { role: 'status' });
    this.list = el('ul', {});
    this.element.append(
      el('span', { class: 'sign', 'aria-hidden': 'true' }, '⚡'),
      el('div', {}, this.title, this.list),
    );
  }

  update(store) {
    const { storms } = store;
    setHidden(this.element, storms.length === 0);
    if (storms.length === 0) return setText(this.title, '');
    setText(
      this.title,
      storms.length === 1 ? 'A growth storm is on' : `${plural(storms.length, 'growth storm')} are on`,
    );
    const shown = storms.slice(0, AT_MOST);
    while (this.list.children.length > shown.length) this.list.lastChild.remove();
    while (this.list.children.length < shown.length) this.list.append(this.makeItem());
    shown.forEach((storm, i) => this.fillItem(this.list.children[i], storm, store));
    if (storms.length > AT_MOST)
      setText(this.title, `${count(storms.length)} growth storms are on; the ${AT_MOST} worst:`);
  }

  makeItem() {
    return el(
      'li',
      {},
      el('a', { class: 'who' }),
      el('span', { class: 'note' }),
      el('a', { class: 'where' }),
    );
  }

  fillItem(item, storm, store) {
    const [who, note, where] = item.children;
    const more = workloadPlace(storm);
    setText(who, visible(more ? `${workloadName(storm)} (${more})` : workloadName(storm)));
    who.href = formatRoute({ view: 'sites', workload: storm.id });
    setText(
      note,
      `${rateOf(storm, storm.growths_per_second)} a second, for ${age(store.timeNs - storm.storm_since_ns)}`,
    );
    const site = topSite(store.sites?.sites ?? [], storm.id);
    setHidden(where, site === null);
    if (!site) return;
    const at = place(site.file, site.line);
    setText(where, `${shortFunction(functionName(site.function))}${at ? ` at ${at}` : ''}`);
    where.href = formatRoute({ view: 'site', ...siteParameters(site) });
  }
}
