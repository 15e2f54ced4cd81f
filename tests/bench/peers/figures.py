# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""Turns into figures: medians with their quartiles, per insert, growth and bucket."""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Spread:
    """The median of several measurements, and their quartiles."""

    low: float
    median: float
    high: float
    count: int

    def text(self, digits=1, factor=1.0, unit=""):
        low, median, high = (value * factor for value in (self.low, self.median, self.high))
        return f"{median:,.{digits}f}{unit} ({low:,.{digits}f} to {high:,.{digits}f})"


def spread(values):
    values = sorted(value for value in values if value is not None)
    if not values:
        return None
    if len(values) == 1:
        return Spread(values[0], values[0], values[0], 1)
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(low, median, high, len(values))


# As tables have them; others come behind.
ORDER = ("untraced", "empty programs", "gomapd growth", "gomapd buckets", "gomapd assign",
         "bpftrace", "perf record")


def place(tracer):
    return (ORDER.index(tracer) if tracer in ORDER else len(ORDER), tracer)


class Turns:
    """All turns of a run, by target and tracer."""

    def __init__(self, turns):
        self.turns = turns
        self.targets = sorted({turn["target"] for turn in turns})
        self.tracers = sorted({turn["tracer"] for turn in turns}, key=place)

    def of(self, target, tracer):
        return [turn for turn in self.turns
                if turn["target"] == target and turn["tracer"] == tracer]

    def parts(self, target):
        """Those of the turns with most of them first."""
        every = sorted((list(turn["before"]) for turn in self.turns if turn["target"] == target),
                       key=len, reverse=True)
        return list(dict.fromkeys(part for parts in every for part in parts))

    def each(self, target, tracer, part, figure):
        """round -> figure(before, traced), for the turns that had this part."""
        return {turn["round"]: figure(turn["before"][part], turn["traced"][part])
                for turn in self.of(target, tracer) if part in turn["before"]}

    def added(self, target, tracer, part, unit="inserts"):
        """round -> CPU time that a tracer adds, in ns for each insert, growth or moved bucket."""
        def figure(before, traced):
            if not traced[unit]:
                return None
            same_work = before["cpu_ns"] * traced["inserts"] / before["inserts"]
            return (traced["cpu_ns"] - same_work) / traced[unit]
        return self.each(target, tracer, part, figure)

    def slower(self, target, tracer, part, clock="cpu_ns"):
        """round -> how many times as long the same work takes, less 1."""
        return self.each(target, tracer, part, lambda before, traced: traced[clock] /
                         traced["inserts"] / (before[clock] / before["inserts"]) - 1)

    def untraced(self, target, part):
        """CPU time of an insert, in ns, in all turns' own untraced runs."""
        return spread(turn["before"][part]["cpu_ns"] / turn["before"][part]["inserts"]
                      for turn in self.turns
                      if turn["target"] == target and part in turn["before"])

    def tracer_share(self, target, tracer):
        """The tracer's own CPU time ÷ the program's, while it traces."""
        return spread(sum(part["tracer_cpu_ns"] for part in turn["traced"].values()) /
                      sum(part["cpu_ns"] for part in turn["traced"].values())
                      for turn in self.of(target, tracer))

    def off_by(self, target, tracer, what):
        """What a tracer counted ÷ the program's own count, less 1; None: one of them is silent."""
        counted = truth = 0
        for turn in self.of(target, tracer):
            own = [part[what] for part in turn["traced"].values()]
            if turn["counted"].get(what) is None or None in own:
                return None
            counted, truth = counted + turn["counted"][what], truth + sum(own)
        return counted / truth - 1 if truth else None

    def lost(self, target, tracer):
        """How many events were lost in all turns; None: it does not tell."""
        told = [turn["counted"].get("lost") for turn in self.of(target, tracer)]
        return None if not told or None in told else sum(told)


def ratios(above, below):
    """By round: those that both have."""
    return spread(above[number] / below[number] for number in above.keys() & below.keys()
                  if above[number] is not None and below[number])


def difference(first, second):
    return {number: first[number] - second[number] for number in first.keys() & second.keys()
            if first[number] is not None and second[number] is not None}
