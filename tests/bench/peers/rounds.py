# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""The alternation: each tracer's turn is next to an untraced one of its own."""

import random

from processes import Skip

def turn(target, sites, tracer, folder):
    """One turn of a tracer: the parts untraced, then traced, the same work each time."""
    parts = target.parts(tracer.work)
    before = {part: target.run(part, tracer.work) for part in parts}
    traced = {}
    try:
        tracer.attach(target, sites, folder)
        for part in parts:
            used = tracer.cpu_ns()
            traced[part] = target.run(part, tracer.work)
            traced[part]["tracer_cpu_ns"] = tracer.cpu_ns() - used
        return {"before": before, "traced": traced, "counted": tracer.detach()}
    finally:
        tracer.leave()


def all_rounds(targets, groups, rounds, folder, log):
    """[{target, tracer, round, before, traced, counted}], and why what was skipped.

    Tracers of one group, which are to be compared closely, have their turns in a row.
    """
    turns, skipped = [], {}
    order = random.Random(1)
    for number in range(rounds):
        shuffled = [(target, group) for target in targets for group in groups]
        order.shuffle(shuffled)
        for (name, target, sites), group in shuffled:
            for tracer in order.sample(group, len(group)):
                if (name, tracer.name) in skipped or not target.parts(tracer.work):
                    continue
                log(f"round {number + 1} of {rounds}: {name}, {tracer.name}")
                try:
                    done = turn(target, sites, tracer, folder)
                except (Skip, RuntimeError) as why:
                    skipped[name, tracer.name] = str(why)
                    continue
                turns.append({"target": name, "tracer": tracer.name, "round": number, **done})
    return turns, [f"{name}, {tracer}: {why}" for (name, tracer), why in skipped.items()]
