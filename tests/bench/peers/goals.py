# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""The figures to reach: what was measured of each, and whether it is reached."""

import dataclasses

from figures import Spread, difference, ratios, spread

MILLION, THOUSAND, HUNDRED = "1,000,000 keys", "1,000 keys", "100 keys"
BOTH, HITS = "2 x 100 keys", "15 keys"
MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Row:
    figure: str
    goal: str
    measured: str
    met: bool | None  # None: not measured
    note: str = ""

    @property
    def verdict(self):
        return {True: "met", False: "not met", None: "not measured"}[self.met]


def at_most(figure, goal, limit, measured, digits=2, factor=1.0, unit="", note=""):
    if measured is None:
        return Row(figure, goal, "", None, note)
    return Row(figure, goal, measured.text(digits, factor, unit), measured.median <= limit, note)


def part_of(limit):
    return f"≤ 1/{limit}"


def share(figure, limit, ours, theirs, noise=None, floor=None):
    """What gomapd adds ÷ what another adds. Where ours drowns in the noise, the noise counts.
    `floor`: what empty programs add at the same sites, below which nobody can be."""
    ours, theirs = spread(ours.values()), spread(theirs.values())
    if ours is None or theirs is None:
        return Row(figure, part_of(limit), "", None)
    most = ours.median
    said = f"{ours.text(1)} ns ÷ {theirs.text(0)} ns"
    quiet = spread(abs(value) for value in noise.values()) if noise else None
    if quiet and most <= quiet.median:
        most = quiet.median
        said += f": less than 1/{theirs.median / most:,.0f}, for two untraced runs differ by " \
                f"{most:,.1f} ns"
    else:
        said += f" = 1/{theirs.median / most:,.1f}"
        least = spread(floor.values()) if floor else None
        if least and least.median > 0:
            said += f"; empty programs: 1/{theirs.median / least.median:,.1f}"
    return Row(figure, part_of(limit), said, most / theirs.median <= 1 / limit)


def hit_rows(turns, target, name):
    def added(what):
        return turns.added(target, what, HITS, "growths")
    # Ends alone count a growth that began before; starts alone would leave growths open.
    ends = ratios(added("full programs, end alone"), added("empty programs, end alone"))
    starts = ratios(
        difference(added("full programs, both alone"), added("full programs, end alone")),
        difference(added("empty programs, both alone"), added("empty programs, end alone")))
    return [at_most(f"a hit of the full program ÷ of an empty one, start of a growth, its stack "
                    f"included, {name}", "≤ 1.6", 1.6, starts),
            at_most(f"the same of the end, which walks no stack, {name}", "≤ 1.25", 1.25, ends)]


def peer_rows(turns, classic, swiss):
    def added(target, tracer, part, unit="inserts"):
        return turns.added(target, tracer, part, unit)

    def row(figure, limit, target, part):
        return share(figure, limit, added(target, "gomapd growth", part),
                     added(target, "bpftrace", part), added(target, "untraced", part),
                     added(target, "empty programs", part))

    rows = [row("added to an insert, growth level ÷ bpftrace, classic, a million keys", 200,
                classic, MILLION),
            row("the same, classic, 100 keys", 25, classic, HUNDRED),
            row("the same, Swiss, 100 keys (bpftrace on rehash alone)", 5, swiss, HUNDRED)]
    for part in (MILLION, THOUSAND, HUNDRED):
        rows.append(share(f"added to a moved bucket, buckets level ÷ bpftrace, {part}", 10,
                          added(classic, "gomapd buckets", part, "moved"),
                          added(classic, "bpftrace", part, "moved")))
    return rows


def record_rows(turns, target, name):
    """The tracer's whole CPU time for each record, a growth's two, and what their hits added."""
    own = turns.each(target, "gomapd growth", BOTH, lambda before, traced:
                     traced["tracer_cpu_ns"] / traced["growths"])
    return [at_most(f"a record's way from the ring to the report ÷ its hit, {name}", "< 1", 1,
                    ratios(own, turns.added(target, "gomapd growth", BOTH, "growths")))]


def slow_down_rows(turns, target, name):
    slower = spread(turns.slower(target, "gomapd growth", MILLION).values())
    noise = spread(turns.slower(target, "untraced", MILLION).values())
    figure = f"slow-down of a map of a million keys, growth level, {name}"
    if slower is None or noise is None:
        return [Row(figure, "≤ 1 %", "", None)]
    # An inner half that is wider than the goal shows nothing either way.
    return [Row(figure, "≤ 1 %", f"{slower.text(1, 100)} %; untraced twice: {noise.text(1, 100)} %",
                slower.median <= max(0.01, noise.high))]


def lost_rows(turns, target, name):
    runs = turns.of(target, "gomapd growth")
    figure = f"growths at the highest rate, {name}"
    if not runs:
        return [Row(figure, "none lost in the counters", "", None)]
    rate = max(run["traced"][BOTH]["growths"] / run["traced"][BOTH]["wall_ns"] for run in runs)
    off = turns.off_by(target, "gomapd growth", "growths")
    return [Row(figure, "none lost in the counters",
                f"{rate * 1e9:,.0f} a second; counters off by {off:.4%}; "
                f"{turns.lost(target, 'gomapd growth'):,} records dropped, and counted",
                off == 0)]


def governor_rows(name, pairs):
    slower = spread(pair["slower"]["wall"] for pair in pairs)
    cpu = spread(pair["slower"]["cpu"] for pair in pairs)
    noise = spread(pair["noise"] for pair in pairs)
    rows = [Row(f"slow-down by the daemon, governor at 1 %, {name}", "≤ 1.5 %",
                f"{slower.text(1, 100)} %; of CPU time {cpu.text(1, 100)} %; "
                f"two untraced times: {noise.text(1, 100)} %; "
                f"the daemon's own figure: {pairs[-1]['overhead_ratio']:.1%}",
                slower.median <= 0.015)]
    errors = [abs(pair["error"]) for pair in pairs if pair["error"] is not None]
    if errors:
        error, claimed = spread(errors), spread(pair["claimed_error"] for pair in pairs)
        rows.append(Row(f"error of the scaled counts, {name}", "≤ 5 %",
                        f"{error.text(1, 100)} %; claimed: {claimed.text(1, 100)} %",
                        error.median <= 0.05))
    return rows


def median(figures, which):
    return spread(figure[which] for figure in figures)


def inspect_rows(inspect):
    wall = median(inspect["inspect"], "wall_s")
    resident = median(inspect["inspect"], "resident")
    size = inspect["bytes"] / MIB
    nm, same = median(inspect["symbols_nm"], "wall_s"), median(inspect["symbols_inspect"], "wall_s")
    return [at_most(f"inspect of kubectl, {size:.0f} MiB", "≤ 60 ms", 0.06, wall, 0, 1000, " ms"),
            at_most("the same, resident", "≤ 48 MiB", 48 * MIB, resident, 0, 1 / MIB, " MiB"),
            Row("`go tool nm` ÷ inspect of turbo, which has symbols", "≥ 10",
                f"{nm.median / same.median:.1f} ({nm.median * 1000:.0f} ÷ {same.median * 1000:.0f} ms)",
                nm.median / same.median >= 10)]


def attach_rows(attach):
    ours, others = attach["uprobe_multi"], attach["perf_event"]
    sites = ours[0]["sites"]
    rows = []
    for what, limit in (("attach", 15), ("detach", 60)):
        theirs = median(others, f"{what}_ms").text(0)
        rows.append(at_most(f"{what} all {sites} growth sites", f"≤ {limit} ms", limit,
                            median(ours, f"{what}_ms"), 1, 1, " ms",
                            f"by perf events: {theirs} ms"))
    return rows


def one(value):
    return Spread(value, value, value, 1)


def idle_rows(idle):
    few, many = idle["200"], idle["1000"]
    return [at_most("idle daemon, 200 traced processes", "≤ 0.2 % of a core", 0.002,
                    one(few["core"]), 2, 100, " %", f"1,000: {many['core']:.2%}"),
            at_most("the same, resident", "≤ 48 MiB", 48 * MIB, one(few["resident"]), 0, 1 / MIB,
                    " MiB", f"1,000: {many['resident'] / MIB:.0f} MiB")]


def scrape_rows(scrape):
    return [at_most(f"`/metrics` with {scrape['series']:,} series", "≤ 20 ms", 0.02,
                    spread(scrape["seconds"]), 1, 1000, " ms",
                    f"the daemon's CPU time: {scrape['cpu_s'] * 1000:.1f} ms")]


def rows(turns, host, classic, swiss):
    """Every row of the table, in its order; what was not measured says so."""
    result = []
    for target, name in ((classic, "classic"), (swiss, "Swiss")):
        result += hit_rows(turns, target, name)
    result += peer_rows(turns, classic, swiss)
    for target, name in ((classic, "classic"), (swiss, "Swiss")):
        result += slow_down_rows(turns, target, name)
    for name, pairs in host.get("governor", {}).items():
        result += governor_rows(name, pairs)
    for target, name in ((classic, "classic"), (swiss, "Swiss")):
        result += lost_rows(turns, target, name) + record_rows(turns, target, name)
    for key, make in (("inspect", inspect_rows), ("attach", attach_rows), ("idle", idle_rows),
                      ("scrape", scrape_rows)):
        if key in host:
            result += make(host[key])
    return result
