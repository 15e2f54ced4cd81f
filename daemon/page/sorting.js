// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Pure: order and choice of rows.

// Numbers before strings; what is not known comes last whichever way round.
export function compare(a, b, descending) {
  const aKnown = a !== null && a !== undefined;
  const bKnown = b !== null && b !== undefined;
  if (!aKnown || !bKnown) return Number(bKnown) - Number(aKnown);
  const order = a < b ? -1 : a > b ? 1 : 0;
  return descending ? -order : order;
}

// A new array; rows that are equal are in the order of their keys, so that they don't jump.
export function sorted(rows, value, descending, key) {
  return rows
    .map((row) => [value(row), key(row), row])
    .sort((a, b) => compare(a[0], b[0], descending) || compare(a[1], b[1], false))
    .map((entry) => entry[2]);
}

// Those that hold each word of `text`, in whatever case.
export function filtered(rows, text, haystack) {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const hay = haystack(row).toLowerCase();
    return words.every((word) => hay.includes(word));
  });
}

// Rows that were there stay where they were; new ones come after them.
export function heldOrder(rows, previousKeys, key) {
  const position = new Map(previousKeys.map((one, index) => [one, index]));
  const at = (row) => position.get(key(row)) ?? Infinity;
  return rows
    .map((row, index) => [at(row), index, row])
    .sort((a, b) => (a[0] === b[0] ? a[1] - b[1] : a[0] - b[0]))
    .map((entry) => entry[2]);
}
