// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// A watched map's keys and load factor as they change.

import { el } from './dom.js';
import { count, decimal } from './format.js';
import { colour } from './theme.js';
import uPlot from './vendor/uPlot.esm.js';

const HEIGHT = 150;

export class MapChart {
  constructor() {
    this.plot = el('div', {
      class: 'plot',
      role: 'img',
      'aria-label': 'Keys and load factor since the page watches',
    });
    const legend = el(
      'ul',
      { class: 'legend' },
      el('li', { class: 'main' }, 'keys'),
      el('li', { class: 'line1' }, 'load factor (right), and where it grows'),
    );
    const caption = el('figcaption', {}, el('h3', {}, 'Since you watch'), legend);
    this.element = el('figure', { class: 'panel' }, caption, this.plot);
    this.chart = null;
  }

  // Of another map, or in other colours.
  clear() {
    this.chart?.destroy();
    this.chart = null;
  }

  // `limit`: the load factor that makes it grow.
  draw({ times, keys, loads }, limit) {
    const width = this.plot.clientWidth;
    if (width === 0 || times.length < 2) return;
    this.limit = limit;
    if (!this.chart) this.chart = new uPlot(this.options(width), [times, keys, loads], this.plot);
    else this.chart.setData([times, keys, loads]);
    if (this.chart.width !== width) this.chart.setSize({ width, height: HEIGHT });
  }

  options(width) {
    const axis = {
      stroke: colour('--muted'),
      font: '11px system-ui, sans-serif',
      grid: { stroke: colour('--grid'), width: 1 },
      ticks: { show: false },
    };
    const line = (stroke, scale) => ({ stroke, scale, width: 1.5, points: { show: false } });
    return {
      width,
      height: HEIGHT,
      padding: [8, 4, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: true },
        keys: { range: (_, low, high) => [Math.min(low, high * 0.9), Math.max(1, high * 1.02)] },
        load: { range: (_, __, high) => [0, Math.max(high, this.limit) * 1.08] },
      },
      axes: [
        {
          ...axis,
          space: 80,
          size: 26,
          incrs: [1, 2, 5, 10, 15, 30, 60, 120],
          values: [[1, '{HH}:{mm}:{ss}', null, null, null, null, null, null, 1]],
        },
        {
          ...axis,
          scale: 'keys',
          size: 64,
          values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? count(tick) : '')),
        },
        {
          ...axis,
          scale: 'load',
          side: 1,
          size: 40,
          grid: { show: false },
          values: (_, ticks) => {
            const digits = ticks.some((tick) => Math.round(tick * 100) % 10 !== 0) ? 2 : 1;
            return ticks.map((tick) => decimal(tick, digits));
          },
        },
      ],
      series: [{}, line(colour('--accent'), 'keys'), line(colour('--line-1'), 'load')],
      hooks: { drawClear: [(plot) => this.drawLimit(plot)] },
    };
  }

  // Where the load factor makes it grow.
  drawLimit({ ctx, bbox, valToPos }) {
    const y = Math.round(valToPos(this.limit, 'load', true));
    ctx.save();
    ctx.strokeStyle = colour('--line-1');
    ctx.setLineDash([4, 4]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
}
