// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// The figures of the whole host, or of the workload that is looked at.

import { el, setAttribute, setClass, setHidden, setText } from './dom.js';
import { added, summed } from './estimates.js';
import { age, bytes, count, DASH, duration, exact, percent, plural, rate, visible } from './format.js';

// What is probed now, and what that means. A word that is not known here is shown as it is.
const DETAILS = {
  growth: ['Growth', 'starts and ends are probed'],
  buckets: ['Buckets', 'and each moved bucket'],
  sampled: ['Sampled', 'growths in windows: estimates'],
};

// Pure: one workload, or all of them as if they were one. Overhead is that of the one
// that pays most.
export function totals(workloads) {
  const sum = (field) => workloads.reduce((all, one) => all + one[field], 0);
  const most = (field) => workloads.reduce((all, one) => Math.max(all, one[field]), 0);
  const kinds = {};
  for (const one of workloads)
    for (const [kind, n] of Object.entries(one.by_kind)) kinds[kind] = (kinds[kind] ?? 0) + n;
  return {
    growths: sum('growths'),
    estimated: summed(workloads),
    rate: sum('growths_per_second'),
    bytes: sum('bytes'),
    growing_ns: sum('growing_ns'),
    slowest_ns: most('slowest_ns'),
    in_progress: sum('in_progress'),
    evacuated: sum('evacuated_buckets'),
    overhead: most('overhead_ratio'),
    processes: workloads.flatMap((one) => one.processes),
    impl: [...new Set(workloads.flatMap((one) => one.impl))].sort(),
    kinds: Object.entries(kinds)
      .filter(([, n]) => n > 0)
      .sort((a, b) => b[1] - a[1]),
    details: [...new Set(workloads.map((one) => one.detail))].sort(),
    durations: addedDurations(workloads.map((one) => one.durations).filter(Boolean)),
  };
}

function addedDurations(all) {
  if (all.length === 0) return null;
  const counts = all[0].counts.map((_, i) => all.reduce((sum, one) => sum + (one.counts[i] ?? 0), 0));
  return { bounds_ns: all[0].bounds_ns, counts };
}

// Pure: bars from the first duration that was seen to the last.
export function durationBars(durations) {
  if (!durations) return [];
  const { bounds_ns: bounds, counts } = durations;
  const first = counts.findIndex((n) => n > 0);
  if (first < 0) return [];
  const last = counts.findLastIndex((n) => n > 0);
  const log = (n) => (n > 0 ? 1 + Math.log10(n) : 0);
  const top = Math.max(...counts.map(log));
  return counts.slice(first, last + 1).map((n, i) => {
    const index = first + i;
    const label =
      index < bounds.length ? `≤ ${wholeDuration(bounds[index])}` : `> ${wholeDuration(bounds.at(-1))}`;
    return { label, count: n, length: log(n) / top };
  });
}

// Bounds are round: "4 µs", not "4.0 µs"
function wholeDuration(ns) {
  return duration(ns).replace(/\.0(?=\D)/, '');
}

const PIDS = 3;

function pids(processes) {
  const first = processes
    .slice(0, PIDS)
    .map((one) => one.pid)
    .join(', ');
  return processes.length === 0 ? '' : `PID ${first}${processes.length > PIDS ? ' …' : ''}`;
}

export class Overview {
  constructor() {
    this.values = {};
    const tile = (id, title, wide = false) => {
      const value = el('dd', {}, DASH);
      const note = el('dd', { class: 'note' });
      this.values[id] = { value, note };
      return el(
        'div',
        { class: wide ? 'tile wide' : 'tile', 'data-tile': id },
        el('dt', {}, title),
        value,
        note,
      );
    };
    this.overheadBar = el('div', {});
    this.meter = el(
      'div',
      { class: 'meter', role: 'meter', 'aria-label': 'Overhead', 'aria-valuemin': 0 },
      this.overheadBar,
    );
    const overhead = tile('overhead', 'Overhead');
    overhead.append(this.meter);
    this.element = el(
      'section',
      { class: 'panel tiles', 'aria-label': 'Figures' },
      el(
        'dl',
        {},
        tile('growths', 'Growths'),
        tile('bytes', 'Allocated'),
        tile('time', 'Time growing'),
        tile('processes', 'Processes'),
        overhead,
        tile('detail', 'Governor'),
        tile('kinds', 'By kind', true),
      ),
    );
    this.bars = el('ol', { class: 'bars' });
    this.none = el('p', { class: 'none' }, 'No growth has ended yet.');
    this.durations = el(
      'figure',
      { class: 'panel durations' },
      el('figcaption', {}, el('h2', {}, 'Duration of growths'), el('span', { class: 'note' }, 'log')),
      this.bars,
      this.none,
    );
  }

  update(store) {
    if (!store.status) return;
    const scope = store.workload ? [store.workload] : store.workloads;
    const figures = totals(scope);
    const { estimated } = figures;
    const now = `${figures.details.includes('sampled') ? '~' : ''}${rate(figures.rate)} a second`;
    const more = added(estimated.growths, estimated.error);
    this.set('growths', count(figures.growths), more || now, `${exact(figures.growths)}, ${now}`);
    const moved = figures.evacuated > 0 ? `${plural(figures.evacuated, 'bucket')} moved` : 'for new buckets';
    this.set('bytes', bytes(figures.bytes), added(estimated.bytes, 0, bytes) || moved);
    this.set('time', duration(figures.growing_ns), `slowest ${duration(figures.slowest_ns)}`);
    this.processes(figures, store);
    this.overhead(figures.overhead, store);
    this.detail(figures.details);
    this.set(
      'kinds',
      figures.kinds.length === 0
        ? DASH
        : figures.kinds.map(([kind, n]) => `${visible(kind)}\u00a0${count(n)}`).join(' · '),
      figures.in_progress > 0 ? `${plural(figures.in_progress, 'growth')} under way` : 'none under way',
    );
    this.drawBars(durationBars(figures.durations));
  }

  set(id, text, note, title = '') {
    const { value, note: second } = this.values[id];
    setText(value, text);
    setText(second, note);
    setAttribute(value, 'title', title || null);
  }

  processes({ processes, impl }, store) {
    const versions = [...new Set(processes.map((one) => visible(one.go_version)))].sort();
    const listed = processes
      .slice(0, 20)
      .map((one) => `${one.pid}  ${visible(one.go_version)}  for ${age(store.timeNs - one.since_ns)}`);
    const what = [
      versions.length > 2 ? `${versions.length} versions of Go` : versions.join(', '),
      store.workload ? pids(processes) : impl.join(' and '),
    ];
    this.set('processes', exact(processes.length), what.filter(Boolean).join(', '), listed.join('\n'));
  }

  overhead(ratio, { status, workload }) {
    const max = status.max_overhead;
    this.set('overhead', percent(ratio), `${workload ? '' : 'highest; '}limit ${percent(max)}`);
    this.overheadBar.style.width = max > 0 ? `${100 * Math.min(1, ratio / max)}%` : '0';
    setClass(this.meter, 'high', max > 0 && ratio > max);
    setAttribute(this.meter, 'aria-valuenow', ratio);
    setAttribute(this.meter, 'aria-valuemax', max);
  }

  detail(details) {
    const [one] = details.length === 1 ? details : [];
    if (one !== undefined) this.set('detail', ...(DETAILS[one] ?? [visible(one), '']));
    else this.set('detail', details.length === 0 ? DASH : 'Mixed', details.map(visible).join(', '));
  }

  drawBars(bars) {
    setHidden(this.none, bars.length > 0);
    while (this.bars.children.length > bars.length) this.bars.lastChild.remove();
    while (this.bars.children.length < bars.length)
      this.bars.append(
        el(
          'li',
          {},
          el('span', { class: 'label' }),
          el('div', { class: 'bar' }, el('div', {})),
          el('span', { class: 'value' }),
        ),
      );
    bars.forEach(({ label, count: n, length }, i) => {
      const [name, bar, value] = this.bars.children[i].children;
      setText(name, label);
      setText(value, count(n));
      bar.firstChild.style.width = `${100 * length}%`;
    });
  }
}
