// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Light, dark, or as the system is.

import { el } from './dom.js';

const KEY = 'gomapd-theme';
const THEMES = ['auto', 'light', 'dark'];
const system = matchMedia('(prefers-color-scheme: dark)');

let listener = () => {};
let probe = null;
let cache = new Map();

function stored() {
  try {
    const theme = localStorage.getItem(KEY);
    return THEMES.includes(theme) ? theme : 'auto';
  } catch {
    return 'auto'; // a browser that keeps nothing
  }
}

function isDark(theme) {
  return theme === 'auto' ? system.matches : theme === 'dark';
}

function apply(theme) {
  document.documentElement.dataset.theme = theme;
  const button = document.getElementById('theme');
  button.title = isDark(theme) ? 'Light colours (d)' : 'Dark colours (d)';
  button.setAttribute('aria-label', button.title);
  cache = new Map();
  listener();
}

export function startTheme(onChange) {
  listener = onChange;
  apply(stored());
  document.getElementById('theme').addEventListener('click', nextTheme);
  system.addEventListener('change', () => apply(stored()));
}

// The other one than what is seen; where that is the system's, it follows the system again.
export function nextTheme() {
  const dark = !isDark(document.documentElement.dataset.theme);
  const theme = dark === system.matches ? 'auto' : dark ? 'dark' : 'light';
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // then it lasts as long as the page
  }
  apply(theme);
}

// A colour of the style sheet as it is now, for what is painted.
export function colour(name) {
  if (!cache.has(name)) {
    if (!probe) {
      probe = el('span', { hidden: true });
      document.body.append(probe);
    }
    probe.style.color = `var(${name})`;
    cache.set(name, getComputedStyle(probe).color);
  }
  return cache.get(name);
}
