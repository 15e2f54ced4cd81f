# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""Whether counts are exact and curves are flat."""

import dataclasses
import itertools
import statistics

import daemon
import programs

GONE_SECONDS = daemon.LINGER_SECONDS + 30  # by then no series of it is left
SETTLED_SECONDS = 4   # the daemon reads counters every second
# The first part of a run, in which caches fill; a third, at most ten minutes.
WARM_UP_SHARE, WARM_UP_SECONDS = 1 / 3, 600
# How far a curve may drift from the end of the warm-up to the end of the run: this share of
# its median, or this much, whichever is more. What leaks with every program that goes is
# far more after hundreds of them.
LIMITS = {"rss_kib": (0.05, 2048), "fds": (0.05, 3), "links": (0.05, 3), "series_each": (0.10, 2)}
NAMES = {"rss_kib": "resident KiB", "fds": "descriptors", "links": "BPF links", "series_each": "series a workload"}


class Counts:
    """Compares what programs made to what was counted, once they have gone."""

    def __init__(self):
        self.exact = self.estimated = self.missed = self.growths = 0
        self._waiting = []
        self._wrong = []
        self._ended = {}

    def check(self, metrics, finished, now):
        self._waiting += finished
        due = [one for one in self._waiting if now - one.ended >= SETTLED_SECONDS]
        self._waiting = [one for one in self._waiting if now - one.ended < SETTLED_SECONDS]
        for one in due:
            self._check(metrics, one, now)
        self._ended |= {str(one.pid): one.ended for one in finished}
        self._check_gone(metrics.pids(), now)

    def _check(self, metrics, one, now):
        pid = str(one.pid)
        if now - one.ended > daemon.LINGER_SECONDS - 2:
            self.missed += 1  # this machine was too slow to look in time
            return
        if metrics.value("gomapd_map_growths_estimated_total", pid=pid):
            self.estimated += 1
            return
        expected = one.made * programs.growths_of_a_map(one.version)
        seen = metrics.value("gomapd_site_growths_total", pid=pid, function="main.makeMap") or 0
        if seen == expected:
            self.exact += 1
            self.growths += expected
        else:
            self._wrong.append(f"Go {one.version}, {one}: {seen:.0f} growths counted of {expected}")

    def _check_gone(self, pids, now):
        for pid in pids & self._ended.keys():
            if now - self._ended[pid] > GONE_SECONDS:
                self._wrong.append(f"pid {pid} still has series {GONE_SECONDS} s after it ended")
                del self._ended[pid]

    def complaints(self):
        return self._wrong

    def __str__(self):
        return (f"{self.exact} programs exact ({self.growths} growths), {self.estimated} sampled, "
                f"{self.missed} not looked at, {len(self._wrong)} wrong")


@dataclasses.dataclass
class Curve:
    name: str
    values: list       # of the whole run
    middle: float      # median after the warm-up
    per_minute: float  # robust slope after the warm-up
    drift: float       # what that adds up to
    limit: float

    @property
    def complaint(self):
        if self.drift <= self.limit:
            return None
        return f"{NAMES[self.name]} grow: {self.drift:+.1f} since the warm-up, limit {self.limit:.1f}"

    def __str__(self):
        return (f"{NAMES[self.name]}: median {self.middle:.0f}, {self.per_minute:+.2f} a minute, "
                f"{self.drift:+.1f} in all (limit {self.limit:.1f})")


def slope(points):
    """Theil and Sen's: the median of the slopes between all pairs, which storms don't bend.
    Thinned to a few hundred points."""
    points = points[::max(1, len(points) // 300)]
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in itertools.combinations(points, 2) if x2 > x1]
    return statistics.median(slopes) if slopes else 0.0


def curves(samples):
    warm = min(samples[-1].seconds * WARM_UP_SHARE, WARM_UP_SECONDS)
    late = [sample for sample in samples if sample.seconds >= warm]
    minutes = (late[-1].seconds - late[0].seconds) / 60
    found = []
    for name, (share, least) in LIMITS.items():
        middle = statistics.median(getattr(sample, name) for sample in late)
        per_minute = 60 * slope([(sample.seconds, getattr(sample, name)) for sample in late])
        found.append(Curve(name, [getattr(sample, name) for sample in samples], middle, per_minute,
                           per_minute * minutes, max(share * middle, least)))
    return found
