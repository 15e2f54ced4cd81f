// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Keys of the whole page; those of a view are its own.

import { byId } from './dom.js';

function isButton(target) {
  return target instanceof Element && target.closest('button, a, summary, select') !== null;
}

// actions: {view(index), pressed(key), back(), theme(), setFilter(text)}
export function startKeyboard(actions) {
  const filter = byId('filter');
  const help = byId('help');
  const openHelp = () => help.showModal();
  byId('help-button').addEventListener('click', openHelp);

  filter.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      if (filter.value === '') filter.blur();
      else actions.setFilter('');
    } else if (event.key === 'Enter' || event.key === 'ArrowDown') {
      filter.blur();
      actions.pressed('ArrowDown');
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open || event.target === filter) return;
    const { key } = event;
    // Enter on a link or button is theirs.
    if (key === 'Enter' && isButton(event.target)) return;
    if (key === '/') filter.select();
    else if (key === '?') openHelp();
    else if (key === 'd') actions.theme();
    else if (/^[1-5]$/.test(key)) actions.view(Number(key) - 1);
    else if (actions.pressed(key)) {
      /* the view's own */
    } else if (key === 'Escape') actions.back();
    else return;
    event.preventDefault();
  });
}
