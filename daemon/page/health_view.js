// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// How gomapd itself is: what it could not do, lost, or left out.

import { el } from './dom.js';
import { age, clock, count, exact, percent, visible } from './format.js';

const LIMITS = {
  sites: 'more sites than --metrics.max-sites: the rest counts as “other”',
  stacks: 'more call stacks than are kept: their growths are in no flame graph or profile',
  counters: "the kernel's table of counters was full",
  workloads: 'more workloads than are kept',
  process_events: 'processes that came or went and were found later, by looking',
};

// Pure: what is wrong, the worst first; [] if all is well.
export function problems(status) {
  const found = [];
  if (!status.ready)
    found.push({ bad: true, text: `Not ready: ${visible(status.not_ready_why) || 'it has just begun'}` });
  if (status.events_lost > 0)
    found.push({
      text: `${count(status.events_lost)} growth events were lost: counts are exact all the same, single maps may be missing`,
    });
  if (status.model_divergences > 0)
    found.push({
      bad: true,
      text: `${count(status.model_divergences)} records that no Go runtime would give: a defect of gomapd, please report it`,
    });
  for (const [name, n] of Object.entries(status.limits ?? {}))
    if (n > 0) found.push({ text: `Limit hit ${count(n)} times: ${LIMITS[name] ?? visible(name)}` });
  for (const [reason, n] of Object.entries(status.attach_failures ?? {}))
    if (n > 0) found.push({ text: `${exact(n)} × could not be traced: ${visible(reason)}` });
  return found;
}

function facts(title, rows) {
  return el(
    'section',
    { class: 'panel' },
    el('h3', {}, title),
    rows.length === 0
      ? el('p', { class: 'none' }, 'none')
      : el(
          'table',
          { class: 'facts' },
          el(
            'tbody',
            {},
            ...rows.map(([name, value]) =>
              el('tr', {}, el('th', { scope: 'row' }, name), el('td', {}, value)),
            ),
          ),
        ),
  );
}

const counted = (counts) =>
  Object.entries(counts ?? {})
    .sort((a, b) => b[1] - a[1])
    .map(([name, n]) => [visible(name), exact(n)]);

export class HealthView {
  constructor({ store }) {
    this.store = store;
    this.content = el('div', { class: 'health' });
    this.element = el('div', { class: 'view scrolls' }, this.content);
    this.shape = '';
  }

  update() {
    const { status } = this.store;
    if (!status) return;
    const shape = JSON.stringify([{ ...status, history: null }, this.store.filter]);
    if (shape === this.shape) return;
    this.shape = shape;
    this.content.replaceChildren(...this.sections(status));
  }

  sections(status) {
    const wrong = problems(status);
    const list = wrong.map(({ bad, text }) => el('li', { class: bad ? 'bad' : 'warn' }, text));
    return [
      el(
        'section',
        { class: 'panel wide problems' },
        el('h3', {}, 'State'),
        wrong.length === 0
          ? el(
              'p',
              { class: 'good' },
              'Ready; nothing was lost, no limit was hit, every Go process that was found is traced.',
            )
          : el('ul', {}, ...list),
      ),
      facts('Daemon', [
        ['version', visible(status.version)],
        ['kernel', visible(status.kernel)],
        ['probes by', visible(status.attach_method)],
        ['began at', clock(status.began_ns)],
        ['up for', age(status.running_ns)],
        ['limit of overhead', percent(status.max_overhead)],
      ]),
      facts('Processes', [
        ['traced', exact(status.processes.traced)],
        ['left out by the selection', exact(status.processes.skipped)],
        ['failed', exact(status.processes.failed)],
      ]),
      facts('Could not be traced, by reason', counted(status.attach_failures)),
      facts('Probe hits, by role', counted(status.probe_hits)),
      facts('Lost and left out', [
        ['growth events lost', exact(status.events_lost)],
        ['model divergences', exact(status.model_divergences)],
        ...Object.entries(status.limits ?? {}).map(([name, n]) => [
          `limit: ${visible(name).replaceAll('_', ' ')}`,
          exact(n),
        ]),
      ]),
      el(
        'section',
        { class: 'panel' },
        el('h3', {}, 'For other tools'),
        el(
          'ul',
          { class: 'links' },
          ...[
            ['metrics', '/metrics', 'for Prometheus'],
            ['debug/pprof/', '/debug/pprof/', 'profiles for go tool pprof, Parca, Pyroscope'],
            ['-/healthy', '/-/healthy', 'for orchestrators'],
            ['-/ready', '/-/ready', 'likewise'],
            ['api/v1/status', '/api/v1/status', 'and its siblings: the JSON of this page'],
          ].map(([href, name, what]) =>
            el('li', {}, el('a', { href }, el('code', {}, name)), el('span', { class: 'note' }, ` ${what}`)),
          ),
        ),
      ),
    ];
  }

  pressed() {
    return false;
  }
}
