// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// The page's pure functions. run() gives a list of what is wrong, and how much was checked.

import { added, rateOf } from '/page/estimates.js';
import { reason } from '/page/connection.js';
import { HttpError } from '/page/feed.js';
import { colourOf, layout, packageOf, shareFound, step } from '/page/flame_layout.js';
import * as format from '/page/format.js';
import { problems } from '/page/health_view.js';
import { MapWatch } from '/page/map_watch.js';
import { movedShare } from '/page/maps_view.js';
import { durationBars, totals } from '/page/overview.js';
import { alignHistories } from '/page/rate_chart.js';
import { formatRoute, parseRoute, siteParameters } from '/page/route.js';
import { compare, filtered, heldOrder, sorted } from '/page/sorting.js';
import { topSite } from '/page/storms.js';
import { fittingColumns } from '/page/table.js';
import { sparkPoints } from '/page/workloads_view.js';

const wrong = [];
let checked = 0;

function equal(got, expected, what) {
  checked += 1;
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
  if (a !== b) wrong.push(`${what}: ${a} instead of ${b}`);
}

// Narrow spaces are written as common ones here.
function shows(text, expected) {
  equal(text.replaceAll('\u202f', ' '), expected, 'shown');
}

function checkNumbers() {
  for (const [value, expected] of [
    [0, '0'],
    [999_999, '999,999'],
    [1_000_000, '1.0 M'],
    [1_234_567, '1.2 M'],
    [999_960_000, '1.0 G'],
    [2.5e12, '2.5 T'],
    [null, '–'],
    [NaN, '–'],
  ])
    shows(format.count(value), expected);
  for (const [value, expected] of [
    [0, '0'],
    [0.01, '< 0.1'],
    [0.34, '0.3'],
    [9.94, '9.9'],
    [9.96, '10'],
    [17_500.4, '17,500'],
    [null, '–'],
  ])
    shows(format.rate(value), expected);
  for (const [value, expected] of [
    [0, '0 B'],
    [1023, '1,023 B'],
    [1024, '1.0 KiB'],
    [3.4 * 2 ** 30, '3.4 GiB'],
    [2 ** 20 - 1, '1.0 MiB'],
    [null, '–'],
  ])
    shows(format.bytes(value), expected);
  for (const [value, expected] of [
    [0, '0'],
    [999, '999 ns'],
    [1200, '1.2 µs'],
    [473_600, '473.6 µs'],
    [1_200_000, '1.2 ms'],
    [59.9e9, '59.9 s'],
    [60e9, '1 min'],
    [3_725e9, '1 h 2 min'],
    [90_061e9, '1 d 1 h'],
    [null, '–'],
  ])
    shows(format.duration(value), expected);
  for (const [value, expected] of [
    [0, '0 %'],
    [0.00001, '< 0.01 %'],
    [0.0061, '0.61 %'],
    [0.123, '12.3 %'],
    [1, '100 %'],
    [undefined, '–'],
  ])
    shows(format.percent(value), expected);
  shows(format.age(192e9), '3 min 12 s');
  shows(format.age(0), '0 s');
  shows(format.plural(1, 'growth'), '1 growth');
}

function checkNames() {
  equal(format.visible('a\u202eb\u0000\n'), 'a\\u202eb\\u0000\\u000a', 'direction and controls');
  equal(format.visible('x'.repeat(9000)).length, 4001, 'bounded');
  equal(format.visible(null), '', 'null');
  equal(
    format.shortFunction('github.com/a/b.(*T[github.com/c/d.E]).f'),
    'b.(*T[github.com/c/d.E]).f',
    'short',
  );
  equal(format.place('/src/shop/cart/cache.go', 77), 'cart/cache.go:77', 'place');
  equal(format.place('', 0), '', 'no place');
  equal(packageOf('github.com/a/b%2ec.(*T).f'), 'github.com/a/b%2ec', 'package');
  equal(packageOf('main.f[a/b.c]'), 'main', 'type arguments');
  equal(colourOf({ kind: 'function', name: 'runtime.main' }), 's', 'ground');
  equal(colourOf({ kind: 'root', name: '' }), 'a', 'root');
}

function checkRows() {
  const rows = [
    { k: 'b', n: 1 },
    { k: 'a', n: 1 },
    { k: 'c', n: null },
    { k: 'd', n: 7 },
  ];
  const keys = (list) => list.map((row) => row.k).join('');
  equal(
    keys(
      sorted(
        rows,
        (row) => row.n,
        true,
        (row) => row.k,
      ),
    ),
    'dabc',
    'down: what is not known last',
  );
  equal(
    keys(
      sorted(
        rows,
        (row) => row.n,
        false,
        (row) => row.k,
      ),
    ),
    'abdc',
    'up: what is not known last',
  );
  equal(keys(filtered(rows, ' A ', (row) => row.k)), 'a', 'filter');
  equal(keys(filtered(rows, '', (row) => row.k)), 'bacd', 'no filter');
  equal(keys(heldOrder(rows, ['d', 'x', 'a'], (row) => row.k)), 'dabc', 'held order, new ones last');
  equal(compare(1, 2, true) > 0, true, 'descending');
  const columns = [
    { id: 1, width: 100, priority: 0 },
    { id: 2, width: 100, priority: 2 },
    { id: 3, width: 100, priority: 1 },
    { id: 4, width: 9, priority: 0, hidden: true },
  ];
  const fit = (width) =>
    fittingColumns(columns, width)
      .map((one) => one.id)
      .join('');
  equal([fit(300), fit(250), fit(150), fit(50)], ['123', '13', '1', '1'], 'columns');
}

function checkFlames() {
  const leaf = (name, growths, children = []) => ({
    name,
    kind: 'function',
    growths,
    bytes: 0,
    growing_ns: 0,
    children,
  });
  const root = {
    ...leaf('', 100, [leaf('a', 60, [leaf('c', 20)]), leaf('b', 39), leaf('tiny', 1)]),
    kind: 'root',
  };
  const all = layout(root, 'growths', [], 0.02);
  equal(
    all.boxes.map((box) => [box.node.name, box.depth, box.left, box.width]).sort(),
    [
      ['', 0, 0, 1],
      ['a', 1, 0, 0.6],
      ['b', 1, 0.6, 0.39],
      ['c', 2, 0, 0.2],
    ].sort(),
    'boxes',
  );
  equal([all.hidden, all.depth], [1, 2], 'left out');
  const zoomed = layout(root, 'growths', [step(root.children[0])], 0.02);
  equal(
    zoomed.boxes.map((box) => [box.node.name, box.width, box.ancestor]),
    [
      ['', 1, true],
      ['a', 1, false],
      ['c', 20 / 60, false],
    ],
    'zoomed',
  );
  equal(layout(root, 'bytes', [], 0.02).boxes.length, 1, 'nothing of that weight');
  equal(layout(root, 'growths', ['gone'], 0.02).boxes.length, 4, 'a path that is gone');
  equal([shareFound(root, 'growths', [], 'C'), shareFound(root, 'growths', [], '')], [0.2, 1], 'found');
  let deep = leaf('end', 1);
  for (let i = 0; i < 50_000; i += 1) deep = leaf('f', 1, [deep]);
  equal(layout({ ...deep, kind: 'root' }, 'growths', [], 0.1).depth, 1000, 'as deep as is drawn');
}

function checkTimes() {
  const now = 1_000_000_000_000_000_000;
  const lines = [
    {
      history: [
        [now - 10e9, 5],
        [now - 5e9, 7],
      ],
      growths_per_second: 9,
    },
    { history: [[now - 5e9, 3]], growths_per_second: 1 },
  ];
  equal(
    alignHistories(lines, now),
    [
      [1e9 - 10, 1e9 - 5, 1e9],
      [5, 7, 9],
      [null, 3, 1],
    ],
    'histories',
  );
  equal(alignHistories([{ history: [], growths_per_second: 2 }], now), [[1e9], [2]], 'no history yet');
  equal(sparkPoints([], { width: 10, height: 10, points: 5 }), '', 'no history');
  equal(
    sparkPoints(
      [
        [0, 0],
        [1, 10],
      ],
      { width: 10, height: 10, points: 5 },
    ),
    '0.0,9.0 10.0,1.0',
    'spark',
  );
  const bars = durationBars({ bounds_ns: [1000, 4000, 16_000], counts: [0, 10, 0, 1] });
  equal(
    bars.map((bar) => [bar.label.replaceAll('\u202f', ' '), bar.count]),
    [
      ['≤ 4 µs', 10],
      ['≤ 16 µs', 0],
      ['> 16 µs', 1],
    ],
    'bars',
  );
  equal(durationBars({ bounds_ns: [1], counts: [0, 0] }), [], 'no bars');
}

function checkRoutes() {
  const site = { workload: 'w', function: 'a&b=<c>#?', file: '/x y.go', line: 3, map_type: 'map[string]int' };
  const parsed = parseRoute(formatRoute({ view: 'site', ...siteParameters(site) }));
  equal(
    parsed,
    {
      workload: 'w',
      function: 'a&b=<c>#?',
      file: '/x y.go',
      line: '3',
      map_type: 'map[string]int',
      view: 'site',
    },
    'there and back',
  );
  equal(parseRoute('#/nonsense?x=1').view, 'workloads', 'unknown view');
  equal(parseRoute('').view, 'workloads', 'no view');
  equal(parseRoute('#/sites?view=map').view, 'sites', 'a parameter is no view');
}

function checkMaps() {
  const watch = new MapWatch();
  const base = { impl: 'classic', keys: 1, load_factor: 1, is_same_size: false };
  const at = (s, buckets, old, moved) =>
    watch.add({ ...base, sampled_ns: s * 1e9, buckets, old_buckets: old, evacuated_buckets: moved });
  at(1, 8, 0, 0);
  at(2, 16, 8, 2);
  at(2, 16, 8, 4); // read twice
  at(3, 16, 8, 7);
  at(5, 16, 0, 0);
  at(6, 64, 0, 0);
  equal(
    watch.events.map((event) => event.text.replaceAll('\u202f', ' ')).reverse(),
    [
      'grows from 8 to 16 buckets',
      'all 8 old buckets have moved, after 3.0 s',
      'has grown from 16 to 64 buckets',
    ],
    'events',
  );
  equal(watch.times, [1, 2, 3, 5, 6], 'samples');
  equal(
    [
      movedShare({ old_buckets: 8, evacuated_buckets: 2 }),
      movedShare({ old_buckets: 0, evacuated_buckets: 0 }),
    ],
    [0.25, null],
    'moved',
  );
}

function checkFigures() {
  const one = {
    growths: 3,
    estimated_growths: 100,
    estimated_growths_error: 3,
    growths_per_second: 1,
    bytes: 1,
    growing_ns: 1,
    slowest_ns: 5,
    in_progress: 0,
    evacuated_buckets: 0,
    overhead_ratio: 0.1,
    processes: [{}],
    impl: ['swiss'],
    by_kind: { split: 3 },
    detail: 'growth',
    durations: { bounds_ns: [1], counts: [1, 2] },
  };
  const sum = totals([
    one,
    { ...one, slowest_ns: 9, overhead_ratio: 0.05, detail: 'buckets', impl: ['classic'] },
  ]);
  equal(
    [sum.growths, sum.slowest_ns, sum.overhead, sum.kinds, sum.details, sum.impl, sum.durations.counts],
    [6, 9, 0.1, [['split', 6]], ['buckets', 'growth'], ['classic', 'swiss'], [2, 4]],
    'totals',
  );
  equal(
    totals([one, { ...one, estimated_growths_error: 4 }]).estimated,
    { growths: 200, error: 5, bytes: 0 },
    'estimates',
  );
  equal(added(12_345, 410), '+ ~12,345 ± 410', 'estimate');
  equal(
    [
      added(0, 1),
      added(undefined, undefined),
      rateOf({ detail: 'sampled' }, 5),
      rateOf({ detail: 'growth' }, 5),
    ],
    ['', '', '~5.0', '5.0'],
    'no estimate',
  );
  equal(totals([]).growths, 0, 'no workload');
  equal(
    problems({
      ready: true,
      events_lost: 0,
      model_divergences: 0,
      limits: { sites: 0 },
      attach_failures: {},
    }),
    [],
    'well',
  );
  equal(
    problems({
      ready: false,
      not_ready_why: 'x',
      events_lost: 2,
      model_divergences: 1,
      limits: { sites: 1 },
      attach_failures: { y: 1 },
    }).length,
    5,
    'not well',
  );
  equal(
    topSite(
      [
        { workload: 'a', growths_per_second: 0, growths: 9 },
        { workload: 'a', growths_per_second: 3, growths: 1 },
        { workload: 'b', growths_per_second: 9, growths: 1 },
      ],
      'a',
    ).growths,
    1,
    'top site',
  );
  equal(reason(new HttpError(401, '')).includes('password'), true, '401');
}

export function run() {
  for (const check of [
    checkNumbers,
    checkNames,
    checkRows,
    checkFlames,
    checkTimes,
    checkRoutes,
    checkMaps,
    checkFigures,
  ]) {
    try {
      check();
    } catch (error) {
      wrong.push(`${check.name}: ${error.stack}`);
    }
  }
  return { wrong, checked };
}
