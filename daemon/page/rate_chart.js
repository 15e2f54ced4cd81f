// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Growths a second in the last 15 minutes.

import { el, setHidden, setText } from './dom.js';
import { rate, visible } from './format.js';
import { colour } from './theme.js';
import { workloadName } from './store.js';
import uPlot from './vendor/uPlot.esm.js';

const SPAN_S = 15 * 60;
const FEW = 4; // of workloads that have a line of their own

// Pure: histories onto the axis of the first one, in seconds, and a point for now; null
// where nothing is known. `lines`: {history: array of [time_ns, rate], growths_per_second}.
export function alignHistories(lines, nowNs) {
  const first = lines[0].history.filter(([timeNs]) => timeNs < nowNs);
  const times = first.map(([timeNs]) => timeNs);
  const series = lines.map(({ history, growths_per_second: now }) => {
    const known = new Map(history);
    return [...times.map((timeNs) => known.get(timeNs) ?? null), now];
  });
  return [[...times, nowNs].map((timeNs) => timeNs / 1e9), ...series];
}

// Pure: the busiest workloads of the last 15 minutes, most growths first.
export function busiest(workloads, n) {
  const sum = (one) => one.history.reduce((all, [, value]) => all + value, 0);
  return workloads
    .map((one) => [sum(one), one])
    .filter(([total]) => total > 0)
    .sort((a, b) => b[0] - a[0] || (a[1].id < b[1].id ? -1 : 1))
    .slice(0, n)
    .map(([, one]) => one);
}

export class RateChart {
  constructor() {
    this.title = el('h2', {}, 'Growths a second');
    this.legend = el('ul', { class: 'legend' });
    this.plot = el('div', { class: 'plot', role: 'img' });
    this.none = el('p', { class: 'none', hidden: true }, 'Nothing has grown in the last 15 minutes.');
    this.element = el(
      'figure',
      { class: 'panel rate' },
      el('figcaption', {}, this.title, this.legend),
      this.plot,
      this.none,
    );
    this.chart = null;
    this.shape = '';
    new ResizeObserver(() => this.resize()).observe(this.plot);
  }

  update(store) {
    const { workload, status } = store;
    const lines = workload ? [] : busiest(store.workloads, FEW);
    const shownLines = lines.length > 1 ? lines : [];
    const main = workload ?? status;
    if (!main) return;
    this.storms = this.stormsOf(workload ? [workload] : store.storms);
    const data = alignHistories([main, ...shownLines], store.timeNs);
    const shape = [workload?.id ?? '', ...shownLines.map((one) => one.id)].join();
    if (this.shape !== shape || !this.chart) this.build(shape, shownLines, data);
    else this.chart.setData(data);
    const peak = data[1].reduce((most, value) => Math.max(most, value ?? 0), 0);
    setHidden(this.none, peak > 0);
    this.plot.setAttribute(
      'aria-label',
      `Growths a second over the last 15 minutes: now ${rate(
        main.growths_per_second,
      )}, at most ${rate(peak)}`,
    );
  }

  stormsOf(workloads) {
    return workloads.filter((one) => one.storm && one.storm_since_ns).map((one) => one.storm_since_ns / 1e9);
  }

  build(shape, lines, data) {
    this.chart?.destroy();
    this.shape = shape;
    this.lines = lines;
    const all = lines.length > 0 ? [el('li', { class: 'main' }, 'all')] : [];
    this.legend.replaceChildren(
      ...all,
      ...lines.map((one, i) => el('li', { class: `line${i}` }, visible(workloadName(one)))),
    );
    this.chart = new uPlot(this.options(), data, this.plot);
  }

  // Colours are not those of the style sheet alone: the chart is painted.
  repaint() {
    if (this.chart) this.build(this.shape, this.lines, this.chart.data);
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.plot;
    if (this.chart && width > 0) this.chart.setSize({ width, height });
  }

  options() {
    const axis = {
      stroke: colour('--muted'),
      font: '11px system-ui, sans-serif',
      grid: { stroke: colour('--grid'), width: 1 },
      ticks: { stroke: colour('--grid'), width: 1, size: 4 },
    };
    const line = (index) => ({
      label: visible(workloadName(this.lines[index])),
      stroke: colour(`--line-${index}`),
      width: 1.25,
      spanGaps: true,
      points: { show: false },
      value: (_, value) => rate(value),
    });
    return {
      width: Math.max(200, this.plot.clientWidth),
      height: Math.max(100, this.plot.clientHeight),
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      scales: {
        x: { time: true, range: (_, __, max) => [max - SPAN_S, max] },
        y: { range: (_, __, max) => [0, Math.max(1, max) * 1.08] },
      },
      axes: [
        { ...axis, space: 70, size: 26, values: [[60, '{HH}:{mm}', null, null, null, null, null, null, 1]] },
        {
          ...axis,
          space: 32,
          size: 58,
          values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? rate(tick) : '')),
        },
      ],
      series: [
        {},
        {
          label: 'all',
          stroke: colour('--accent'),
          fill: colour('--accent-area'),
          width: 1.5,
          spanGaps: true,
          points: { show: false },
          value: (_, value) => rate(value),
        },
        ...this.lines.map((_, i) => line(i)),
      ],
      hooks: {
        drawClear: [(plot) => this.shadeStorms(plot)],
        setCursor: [(plot) => this.tell(plot)],
      },
    };
  }

  shadeStorms(plot) {
    const { ctx, bbox } = plot;
    ctx.fillStyle = colour('--storm-area');
    for (const since of this.storms) {
      const left = Math.max(bbox.left, plot.valToPos(since, 'x', true));
      ctx.fillRect(left, bbox.top, bbox.left + bbox.width - left, bbox.height);
    }
  }

  // What is under the pointer, in the title's place.
  tell(plot) {
    const index = plot.cursor.idx;
    const value = Number.isInteger(index) ? plot.data[1][index] : null;
    if (value === null || value === undefined) return setText(this.readout, '');
    const time = new Date(plot.data[0][index] * 1000).toLocaleTimeString('en-GB');
    const others = this.lines
      .map((one, i) => [one, plot.data[i + 2][index]])
      .filter(([, other]) => other > 0)
      .map(([one, other]) => `${visible(workloadName(one))} ${rate(other)}`);
    setText(this.readout, `${time}  ${[rate(value), ...others].join(' · ')}`);
  }

  get readout() {
    if (!this.readoutNode) {
      this.readoutNode = el('span', { class: 'readout' });
      this.element.firstChild.append(this.readoutNode);
    }
    return this.readoutNode;
  }
}
