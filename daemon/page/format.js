// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Pure: numbers and foreign strings as people read them. What is not known is a dash.

export const DASH = '–';
const NARROW_SPACE = '\u202f';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1, minimumFractionDigits: 1 });

function known(value) {
  return typeof value === 'number' && Number.isFinite(value);
}

// 1234567 → "1,234,567"
export function exact(value) {
  return known(value) ? whole.format(value) : DASH;
}

// The first unit in which the value is below `step`.
function scaled(value, step, units) {
  let unit = 0;
  let rest = value;
  // 999.95 would be shown as 1,000.0
  while (Math.abs(rest) >= step - 0.05 && unit + 1 < units.length) {
    rest /= step;
    unit += 1;
  }
  return [rest, units[unit], unit];
}

// 999,999 at most as it is, then 1.2 M
export function count(value) {
  if (!known(value)) return DASH;
  if (Math.abs(value) < 1e6) return exact(value);
  const [rest, unit] = scaled(value / 1e6, 1000, ['M', 'G', 'T', 'P', 'E']);
  return `${tenths.format(rest)}${NARROW_SPACE}${unit}`;
}

// 0.3, 7.5, 12, 17,500, 1.2 M: below ten a decimal, unless it is none
export function rate(value) {
  if (!known(value)) return DASH;
  if (value === 0) return '0';
  if (value < 0.05) return '< 0.1';
  return value < 9.95 ? tenths.format(value) : count(Math.round(value));
}

export function bytes(value) {
  if (!known(value)) return DASH;
  const [rest, unit, index] = scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']);
  return `${index === 0 ? exact(rest) : tenths.format(rest)}${NARROW_SPACE}${unit}`;
}

// From nanoseconds to days.
export function duration(ns) {
  if (!known(ns)) return DASH;
  if (ns === 0) return '0';
  if (ns >= 60e9) return longDuration(ns / 1e9);
  const [rest, unit, index] = scaled(ns, 1000, ['ns', 'µs', 'ms', 's']);
  return `${index === 0 ? exact(rest) : tenths.format(rest)}${NARROW_SPACE}${unit}`;
}

function longDuration(seconds) {
  const parts = [
    ['d', 86400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ];
  let rest = Math.floor(seconds);
  const words = [];
  for (const [unit, length] of parts) {
    const n = Math.floor(rest / length);
    rest -= n * length;
    if (n > 0) words.push(`${n}${NARROW_SPACE}${unit}`);
  }
  return words.slice(0, 2).join(' ');
}

// Whole seconds: "0 s", "14 s", "3 min 12 s"
export function age(ns) {
  if (!known(ns)) return DASH;
  return ns < 1e9 ? `0${NARROW_SPACE}s` : longDuration(ns / 1e9);
}

// 0.0123 → "1.23 %"
export function percent(share) {
  if (!known(share)) return DASH;
  const value = share * 100;
  if (value === 0) return `0${NARROW_SPACE}%`;
  if (value < 0.01) return `<${NARROW_SPACE}0.01${NARROW_SPACE}%`;
  return `${value.toFixed(value < 10 ? 2 : value < 99.95 ? 1 : 0)}${NARROW_SPACE}%`;
}

export function decimal(value, digits = 2) {
  return known(value) ? value.toFixed(digits) : DASH;
}

// The wall clock's time of a moment in CLOCK_REALTIME nanoseconds.
export function clock(ns) {
  if (!known(ns) || ns === 0) return DASH;
  return new Date(ns / 1e6).toLocaleTimeString('en-GB');
}

export function plural(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}

const LONGEST = 4000;
// Controls, zero-width characters and those that turn the direction of writing.
const INVISIBLE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

// A string of a traced program: what could pass for something else becomes visible.
export function visible(text) {
  if (text === null || text === undefined) return '';
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return cut.replace(INVISIBLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

// "dir/file.go:25", the last two elements of the path
export function place(file, line) {
  const text = visible(file);
  if (text === '') return '';
  const short = text.split('/').slice(-2).join('/');
  return line > 0 ? `${short}:${line}` : short;
}

// "github.com/a/b.(*T).f" → "b.(*T).f"; type arguments may hold slashes.
export function shortFunction(name) {
  const text = visible(name);
  const arguments_ = text.indexOf('[');
  const head = arguments_ < 0 ? text : text.slice(0, arguments_);
  return text.slice(head.lastIndexOf('/') + 1);
}

export function functionName(name) {
  return name ? visible(name) : 'function not known';
}

export function typeName(name) {
  return name ? visible(name) : 'type not known';
}
