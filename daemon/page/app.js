// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// The page: what is asked for, and who shows it.

import { Connection } from './connection.js';
import { byId, el, setAttribute, setHidden, setText } from './dom.js';
import { Feed, HttpError } from './feed.js';
import { FlameView } from './flame_view.js';
import { count, exact, plural, rate, visible } from './format.js';
import { HealthView, problems } from './health_view.js';
import { startKeyboard } from './keyboard.js';
import { MapView } from './map_view.js';
import { MapsView } from './maps_view.js';
import { Overview } from './overview.js';
import { RateChart } from './rate_chart.js';
import { formatRoute, PARENTS, parseRoute, query, siteParameters, VIEWS } from './route.js';
import { SiteView } from './site_view.js';
import { SitesView } from './sites_view.js';
import { Storms } from './storms.js';
import { Store, workloadName, workloadPlace } from './store.js';
import { nextTheme, startTheme } from './theme.js';
import { WorkloadsView } from './workloads_view.js';

const API = 'api/v1/';
const TITLES = {
  workloads: 'Workloads',
  sites: 'Sites',
  flame: 'Flame graph',
  maps: 'Maps',
  health: 'Health',
};
const MAP_GONE = 'This map is gone: its memory holds another one or none. What you see is its last picture.';
const MAPS_BUSY = 'As many maps as may be are being watched by others; waiting for a place.';

const store = new Store();
const context = { store, navigate };
const views = {
  workloads: new WorkloadsView(context),
  sites: new SitesView(context),
  site: new SiteView(context),
  flame: new FlameView(context),
  maps: new MapsView(context),
  map: new MapView(context),
  health: new HealthView(context),
};
const overview = new Overview();
const chart = new RateChart();
const storms = new Storms();
const filters = {}; // by view
const tabs = VIEWS.map((view, i) =>
  el(
    'a',
    { class: 'tab', role: 'tab', id: `tab-${view}`, 'aria-controls': 'view', 'aria-keyshortcuts': i + 1 },
    el('span', {}, TITLES[view]),
    el('span', { class: 'badge' }),
  ),
);

const feeds = {
  status: new Feed({
    url: () => `${API}status`,
    everyMs: 1000,
    answer: gotStatus,
    failure: (error) => connection.failed(error),
  }),
  workloads: new Feed({ url: () => `${API}workloads`, everyMs: 1000, answer: gotWorkloads, failure: later }),
  sites: new Feed({
    url: sitesUrl,
    everyMs: 2000,
    answer: (body, _, url) => put('sites', { key: url, sites: body.sites }),
    failure: (error, url) => missing(error, 'sites', { key: url, sites: [] }),
  }),
  flame: new Feed({
    url: flameUrl,
    everyMs: 3000,
    answer: (body, _, url) => put('flame', { key: url, root: body.root }),
    failure: (error, url) => missing(error, 'flame', { key: url, root: null }),
  }),
  maps: new Feed({
    url: mapsUrl,
    everyMs: 2000,
    answer: (body, _, url) => put('maps', { key: url, maps: body.maps }),
    failure: (error, url) => missing(error, 'maps', { key: url, maps: [] }),
  }),
  map: new Feed({ url: mapUrl, everyMs: 150, answer: gotPicture, failure: noPicture }),
};
const connection = new Connection({ retry: kickAll });

function kickAll() {
  for (const feed of Object.values(feeds)) feed.kick();
}

function gotStatus(status) {
  // Another daemon has another page.
  if (store.status && store.status.version !== status.version) return location.reload();
  const wasLost = connection.lostAt !== null;
  if (connection.answered(status)) {
    // Counts begin anew; what was known of sites and stacks is of the one before.
    Object.assign(store, { sites: null, flame: null, maps: null, map: null });
  }
  if (wasLost) kickAll();
  store.setStatus(status);
  return undefined;
}

function gotWorkloads(body) {
  store.setWorkloads(body);
  feeds.sites.wake(); // a storm's top site
}

function put(part, value) {
  store[part] = value;
  store.changed();
}

// The status's feed finds out whether the daemon is there at all.
function later() {
  return 1000;
}

function missing(error, part, nothing) {
  if (error instanceof HttpError && error.status === 404) put(part, nothing);
  return later();
}

function isAt(...names) {
  return names.includes(store.route.view);
}

function sitesUrl() {
  const wanted = isAt('sites', 'site') || store.storms.length > 0;
  return wanted ? query(`${API}sites`, { workload: store.route.workload }) : null;
}

function flameUrl() {
  if (isAt('flame')) return query(`${API}flamegraph`, { workload: store.route.workload });
  return isAt('site') ? query(`${API}flamegraph`, siteParameters(store.route)) : null;
}

function mapsUrl() {
  return isAt('maps') ? query(`${API}maps`, { workload: store.route.workload }) : null;
}

function mapUrl() {
  return isAt('map') ? query(`${API}map`, { pid: store.route.pid, map: store.route.map }) : null;
}

function mapKey() {
  return `${store.route.pid}:${store.route.map}`;
}

function gotPicture(body, status) {
  // Pending: what was said of the one before still holds.
  if (status === 202 || body.pending) put('map', { picture: null, note: '', ...store.map, key: mapKey() });
  else put('map', { key: mapKey(), picture: body, note: '' });
}

function noPicture(error) {
  const known = store.map?.key === mapKey() ? store.map.picture : null;
  const notes = { 404: MAP_GONE, 503: MAPS_BUSY };
  const note = error instanceof HttpError ? (notes[error.status] ?? error.message) : '';
  put('map', { key: mapKey(), picture: known, note });
  return error instanceof HttpError && error.status === 404 ? 3000 : 1000;
}

function navigate(route) {
  goTo(formatRoute(route));
}

// Its event comes later than the next key may.
function goTo(hash) {
  location.hash = hash;
  routeChanged();
}

function routeChanged() {
  if (store.hash === location.hash) return;
  store.hash = location.hash;
  const before = store.route;
  store.route = parseRoute(location.hash);
  if (!isAt('site', 'map')) store.backTo = store.route.workload;
  if (store.sites && store.sites.key !== sitesUrl()) store.sites = null;
  if (store.flame && store.flame.key !== flameUrl()) store.flame = null;
  if (store.maps && store.maps.key !== mapsUrl()) store.maps = null;
  if (store.map && store.map.key !== mapKey()) store.map = null;
  if (before.view !== store.route.view || !byId('view').firstChild) showView();
  kickAll();
  store.changed();
}

function showView() {
  const { view } = store.route;
  byId('view').replaceChildren(views[view].element);
  document.body.dataset.view = view;
  store.filter = filters[view] ?? '';
  byId('filter').value = store.filter;
  byId('filter').placeholder = { flame: 'Search', site: 'Search' }[view] ?? 'Filter';
  byId('filter').disabled = view === 'health' || view === 'map';
}

function setFilter(text) {
  filters[store.route.view] = text;
  store.filter = text;
  byId('filter').value = text;
  store.changed();
}

// What Esc does when the view itself has nothing to undo.
function back() {
  const { view, workload } = store.route;
  if (store.filter !== '') setFilter('');
  else if (view in PARENTS) navigate({ view: PARENTS[view], workload: store.backTo });
  else if (workload !== undefined) navigate({ view });
}

function drawVitals() {
  const { status } = store;
  const parts = [
    `${rate(status.growths_per_second)} growths/s`,
    plural(status.processes.traced, 'process', 'processes'),
  ];
  setText(byId('vitals'), parts.join(' · '));
  setText(
    byId('version'),
    `gomapd ${visible(status.version)} · Linux ${visible(status.kernel)} · ${visible(status.attach_method)}`,
  );
  document.title = store.storms.length > 0 ? `⚡ ${count(store.storms.length)} · gomapd` : 'gomapd';
}

function drawTabs() {
  const active = PARENTS[store.route.view] ?? store.route.view;
  const wrong = store.status ? problems(store.status).length : 0;
  const badges = {
    workloads: store.haveWorkloads ? exact(store.workloads.length) : '',
    health: wrong > 0 ? exact(wrong) : '',
  };
  VIEWS.forEach((view, i) => {
    setAttribute(tabs[i], 'aria-selected', view === active);
    setAttribute(
      tabs[i],
      'href',
      formatRoute({
        view,
        workload: view === 'health' || view === 'workloads' ? undefined : store.route.workload,
      }),
    );
    setText(tabs[i].lastChild, badges[view] ?? '');
    tabs[i].lastChild.classList.toggle('warn', view === 'health');
  });
  setAttribute(byId('view'), 'aria-labelledby', `tab-${active}`);
}

function drawScope() {
  const { workload } = store.route;
  const scope = byId('scope');
  if (workload === undefined || isAt('health')) return scope.replaceChildren();
  const known = store.workload;
  const text = known
    ? [visible(workloadName(known)), visible(workloadPlace(known))].filter(Boolean).join(' · ')
    : store.haveWorkloads
      ? 'a workload that has gone'
      : '…';
  if (scope.dataset.text === text && scope.firstChild) return undefined;
  scope.dataset.text = text;
  scope.replaceChildren(
    el(
      'span',
      { class: 'chip' },
      el('span', {}, text),
      el(
        'button',
        {
          type: 'button',
          'aria-label': 'All workloads',
          title: 'All workloads (Esc)',
          on: { click: () => navigate({ view: PARENTS[store.route.view] ?? store.route.view }) },
        },
        '×',
      ),
    ),
  );
  return undefined;
}

function drawEmpty() {
  const empty = store.haveWorkloads && store.workloads.length === 0 && !isAt('health');
  setHidden(byId('empty'), !empty);
  setHidden(byId('view'), empty);
  setHidden(byId('overview'), empty || isAt('map', 'health'));
  if (!empty || !store.status) return;
  const { traced, skipped, failed } = store.status.processes;
  setText(
    byId('empty-counts'),
    `gomapd looks for Go programs on this host. Now: ${exact(traced)} traced, ${exact(skipped)} left out by the selection, ${exact(failed)} that could not be traced.`,
  );
}

function draw() {
  if (store.status) {
    drawVitals();
    overview.update(store);
    chart.update(store);
  }
  storms.update(store);
  drawTabs();
  drawScope();
  drawEmpty();
  views[store.route.view].update();
}

function repaint() {
  chart.repaint();
  views.map.repaint();
}

byId('tabs').append(...tabs);
byId('overview').append(chart.element, overview.element, overview.durations);
byId('filter').addEventListener('input', (event) => setFilter(event.target.value));
startTheme(repaint);
startKeyboard({
  view: (index) => goTo(tabs[index].getAttribute('href')),
  pressed: (key) => views[store.route.view].pressed(key),
  back,
  theme: nextTheme,
  setFilter,
});
store.onChange(draw);
addEventListener('hashchange', routeChanged);
document.addEventListener('visibilitychange', kickAll);
routeChanged();
