// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Where counting each growth would cost more than it may, the governor has them counted
// in windows: what these stand for is an estimate, told apart from what was counted.

import { bytes, count, exact, rate } from './format.js';
import { twoLines } from './table.js';

function isSampled(workload) {
  return workload?.detail === 'sampled';
}

// A rate that rests on windows is marked.
export function rateOf(workload, value) {
  return isSampled(workload) && value >= 0.05 ? `~${rate(value)}` : rate(value);
}

// Pure. "+ ~12,300 ± 410"; empty where there is nothing to add.
export function added(estimated, error, format = count) {
  if (!(estimated > 0)) return '';
  return `+ ~${format(estimated)}${error > 0 ? ` ± ${format(error)}` : ''}`;
}

// Columns: what was counted, below it what was estimated; in the order of both.
export function growthsColumn() {
  return {
    value: (row) => row.growths + (row.estimated_growths ?? 0),
    ...twoLines(
      (row) => count(row.growths),
      (row) => added(row.estimated_growths),
      (row) =>
        [exact(row.growths), added(row.estimated_growths, row.estimated_growths_error, exact)].join(' '),
    ),
  };
}

export function bytesColumn() {
  return {
    value: (row) => row.bytes + (row.estimated_bytes ?? 0),
    ...twoLines(
      (row) => bytes(row.bytes),
      (row) => added(row.estimated_bytes, 0, bytes),
    ),
  };
}

// Pure: of several workloads together. Their windows are independent.
export function summed(workloads) {
  const sum = (value) => workloads.reduce((all, one) => all + (value(one) ?? 0), 0);
  return {
    growths: sum((one) => one.estimated_growths),
    error: Math.sqrt(sum((one) => (one.estimated_growths_error ?? 0) ** 2)),
    bytes: sum((one) => one.estimated_bytes),
  };
}
