// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Pure: what is looked at, as the part of the address behind '#': it can be kept and sent.

export const VIEWS = ['workloads', 'sites', 'flame', 'maps', 'health'];
// Where Esc leads to, and which tab is lit.
export const PARENTS = { site: 'sites', map: 'maps' };

// "#/site?workload=…&function=…" → {view: 'site', workload, function, …}
export function parseRoute(hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const known = VIEWS.includes(path) || path in PARENTS;
  return { ...Object.fromEntries(new URLSearchParams(query)), view: known ? path : 'workloads' };
}

export function formatRoute({ view, ...parameters }) {
  const present = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '');
  const query = new URLSearchParams(present).toString();
  return `#/${view}${query === '' ? '' : `?${query}`}`;
}

// A site's own names, for addresses of the page and of the API.
export function siteParameters({ workload, function: name, file, line, map_type }) {
  return {
    workload,
    function: name ?? '',
    file: file ?? '',
    line: String(line ?? 0),
    map_type: map_type ?? '',
  };
}

export function query(path, parameters) {
  const present = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null);
  const text = new URLSearchParams(present).toString();
  return text === '' ? path : `${path}?${text}`;
}
