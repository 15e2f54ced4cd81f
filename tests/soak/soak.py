# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""soak.py GOMAPD --minutes N [--page docs/SOAK.md]

A busy host for as long as asked: Go programs of every toolchain at hand come and go, for
a second, for minutes, in storms, while one daemon traces them all. Checks all along that
each program's maps are counted exactly, and at the end that what the daemon holds has
not grown with what has gone. With --page appends a row there.

Exit code: 0 exact and flat, 1 not, 77 it can't be run here."""

import argparse
import pathlib
import shutil
import sys
import tempfile
import time

import daemon
import judge
import page
import programs

SCRAPE_SECONDS = 1   # programs wait for being traced, so often
SAMPLE_SECONDS = 5
# A host's: two of each life at a time, and each of another toolchain than the last.
LIVES = [programs.brief, programs.brief, programs.brief, programs.long, programs.long,
         programs.storming]


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gomapd", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--page", type=pathlib.Path)
    return parser.parse_args()


def soak(arguments, folder):
    host = programs.Host(programs.build_all(folder))
    if not host.builds:
        print("soak.py: Skipped\nno Go toolchain: scripts/go-toolchains.sh fetches them")
        return 77
    traced = daemon.Daemon(arguments.gomapd, folder)
    begun = time.monotonic()
    host.start(LIVES, traced)
    checks, samples = judge.Counts(), []
    next_sample = 0
    try:
        while time.monotonic() - begun < arguments.minutes * 60:
            metrics = traced.scrape()
            checks.check(metrics, host.take_finished(), time.monotonic())
            elapsed = time.monotonic() - begun
            if elapsed >= next_sample:
                samples.append(traced.sample(metrics, elapsed))
                next_sample += SAMPLE_SECONDS
                if len(samples) % 12 == 0:
                    print(f"{elapsed / 60:5.1f} min: {samples[-1]} {checks}", flush=True)
            time.sleep(SCRAPE_SECONDS)
    finally:
        host.stop()
        ending = traced.stop()
    return conclude(arguments, host, samples, checks, ending)


def conclude(arguments, host, samples, checks, ending):
    curves = judge.curves(samples)
    complaints = checks.complaints() + host.complaints + [c.complaint for c in curves if c.complaint]
    last = samples[-1]
    for name in ("lost", "divergences"):
        if getattr(last, name):
            complaints.append(f"{name}: {getattr(last, name):.0f}")
    if ending:
        complaints.append(f"the daemon ended with {ending}")
    if not checks.exact:
        complaints.append("no program was counted exactly, so nothing is proven")
    for curve in curves:
        print(curve)
    print(checks)
    for complaint in complaints:
        print("FAILED:", complaint)
    if arguments.page:
        page.append(arguments.page, samples, curves, checks, host, complaints)
    return 1 if complaints else 0


def main():
    arguments = read_arguments()
    reason = daemon.why_not()
    if reason:
        print(f"soak.py: Skipped\n{reason}")
        return 77
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gomapd-soak-"))
    try:
        return soak(arguments, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
