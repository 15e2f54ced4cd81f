# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""docs/SOAK.md: a row for each run."""

import datetime
import os
import statistics
import subprocess

import judge

HEAD = """<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Copyright The gomapd Authors -->
<!-- `make soak` appends a row; the text above the table is tests/soak/page.py's. -->
# Soak

`make soak` runs a busy host for `SOAK_MINUTES` (30): Go programs of every toolchain at hand
come and go, three that live for a second, two for minutes, one in a storm, while one daemon
traces them. Of each program that ended it compares the growths counted to the maps that the
program made (*exact*), unless they were sampled to keep to the budget of probes (*sampled*).
Every five seconds it looks at what the daemon holds. *Drift* is the median slope (Theil and
Sen) after a warm-up of a third of the run, at most ten minutes, times the time left; the limits are
{limits}. The little curves are of the whole run, from its least value to its greatest.

| date | commit, kernel, CPUs | minutes | programs (Go) | exact | sampled | lost, divergences | CPU | resident KiB | descriptors | BPF links | series a workload | |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""
BARS = "▁▂▃▄▅▆▇█"
COLUMNS = 24


def limits():
    return ", ".join(f"{share:.0%} or {least} {judge.NAMES[name]}"
                     for name, (share, least) in judge.LIMITS.items())


def sparkline(values):
    size = max(1, -(-len(values) // COLUMNS))
    means = [statistics.mean(values[at:at + size]) for at in range(0, len(values), size)]
    least, most = min(means), max(means)
    return "".join(BARS[int((mean - least) / (most - least) * (len(BARS) - 1))] if most > least else BARS[0]
                   for mean in means)


def commit():
    run = subprocess.run(["git", "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True, check=False)
    return run.stdout.strip() or "no git"


def append(path, samples, curves, checks, host, complaints):
    if not path.exists():
        path.write_text(HEAD.format(limits=limits()), encoding="utf-8")
    last = samples[-1]
    cells = [
        datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        f"{commit()}, {os.uname().release}, {os.cpu_count()}",
        f"{last.seconds / 60:.0f}",
        f"{host.started} ({', '.join(host.builds)})",
        f"{checks.exact}: {checks.growths} growths",
        str(checks.estimated),
        f"{last.lost:.0f}, {last.divergences:.0f}",
        f"{last.cpu_seconds / last.seconds:.1%}",
        *(f"{curve.middle:.0f}, drift {curve.drift:+.1f} {sparkline(curve.values)}" for curve in curves),
        "failed: " + "; ".join(complaints[:3]).replace("|", "/") if complaints else "flat"]
    with path.open("a", encoding="utf-8") as file:
        file.write("| " + " | ".join(cells) + " |\n")
