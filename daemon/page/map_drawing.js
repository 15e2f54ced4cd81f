// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// A map's arrays or tables, painted.

import { colour } from './theme.js';

const GAP = 2;

// A canvas as sharp as the screen; its context in CSS pixels.
function prepare(canvas, height) {
  const width = canvas.clientWidth;
  const scale = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d');
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width };
}

// Pure: how many columns and how large the cells, so that `n` fill the width.
function raster(n, width) {
  const columns = n <= 16 ? Math.max(n, 1) : n <= 64 ? 16 : 32;
  const rows = Math.max(1, Math.ceil(n / columns));
  const cellWidth = (width + GAP) / columns - GAP;
  return { columns, rows, cellWidth, cellHeight: Math.min(30, Math.max(14, 1.4 * cellWidth)) };
}

// cells: [filled, moved, overflow] each, all from 0 to 1 but the last one. A cell fills from
// below; what has moved away leaves a pale one; overflow buckets are a stripe
// on top, the fainter the fewer there are.
export function drawArray(canvas, cells) {
  const size = raster(cells.length, canvas.clientWidth);
  const { context } = prepare(canvas, size.rows * (size.cellHeight + GAP) - GAP);
  const colours = Object.fromEntries(
    ['--cell', '--cell-full', '--cell-moved', '--cell-overflow'].map((name) => [name, colour(name)]),
  );
  cells.forEach(([filled, moved, overflow], i) => {
    const x = (i % size.columns) * (size.cellWidth + GAP);
    const y = Math.floor(i / size.columns) * (size.cellHeight + GAP);
    context.fillStyle = colours['--cell'];
    context.fillRect(x, y, size.cellWidth, size.cellHeight);
    if (moved > 0) {
      context.fillStyle = colours['--cell-moved'];
      context.fillRect(x, y, size.cellWidth, size.cellHeight * Math.min(1, moved));
    }
    const height = size.cellHeight * Math.min(1, filled) * (1 - Math.min(1, moved));
    context.fillStyle = colours['--cell-full'];
    context.fillRect(x, y + size.cellHeight - height, size.cellWidth, height);
    if (overflow > 0 && moved < 1) {
      context.fillStyle = colours['--cell-overflow'];
      context.globalAlpha = 0.2 + 0.8 * Math.min(1, 2 * overflow);
      context.fillRect(x, y, size.cellWidth, Math.max(2, Math.min(1, overflow / 2) * size.cellHeight * 0.4));
      context.globalAlpha = 1;
    }
  });
}

// tables: {capacity, used, tombstones}. As wide as each other, as high as they have room
// (a step for each doubling), filled from below.
export function drawTables(canvas, tables) {
  const width = canvas.clientWidth;
  const columns = Math.max(1, Math.min(tables.length, tables.length <= 32 ? 16 : 64));
  const rows = Math.ceil(tables.length / columns);
  const cellHeight = rows <= 2 ? 96 : rows <= 4 ? 60 : 34;
  const cellWidth = Math.min(72, (width + GAP) / columns - GAP);
  const { context } = prepare(canvas, rows * (cellHeight + 2 * GAP));
  const largest = Math.max(...tables.map((one) => Math.log2(one.capacity || 1)), 1);
  const [empty, full, worn] = ['--cell', '--cell-full', '--cell-tombstone'].map(colour);
  tables.forEach(({ capacity, used, tombstones }, i) => {
    const x = (i % columns) * (cellWidth + GAP);
    const bottom = Math.floor(i / columns) * (cellHeight + 2 * GAP) + cellHeight;
    const height = Math.max(6, (cellHeight * Math.log2(capacity || 1)) / largest);
    const part = (n) => height * Math.min(1, (n ?? 0) / (capacity || 1));
    context.fillStyle = empty;
    context.fillRect(x, bottom - height, cellWidth, height);
    context.fillStyle = full;
    context.fillRect(x, bottom - part(used), cellWidth, part(used));
    context.fillStyle = worn;
    context.fillRect(x, bottom - part(used) - part(tombstones), cellWidth, part(tombstones));
  });
}

// Pure: a table that two places of the directory lead to is there twice; what is drawn
// is one cell a place.
export function summaryOfTables(tables) {
  const sizes = tables.map((one) => one.capacity);
  return { n: tables.length, smallest: Math.min(...sizes), largest: Math.max(...sizes) };
}
