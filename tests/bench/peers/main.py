# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""Runs the same Go workloads untraced, under gomapd, under other tracers and at the floor, by
turns, and prints what each adds. `main.py BUILD [--rounds N] [--page FILE] [--from RESULTS]
[--only tracers|host]`; needs root. Results are kept in BUILD/bench-peers.json.

Exit codes: 0 measured, 1 something went wrong, 2 the command line is wrong, 3 no root."""

import argparse
import json
import os
import pathlib
import platform
import signal
import subprocess
import sys
import tempfile

import host
import page
import programs
import rounds
import tracers
from figures import Turns
from processes import Skip

CLASSIC, SWISS = "1.23", "1.26"


def log(text):
    print(f"bench-peers: {text}", file=sys.stderr, flush=True)


class Run:
    """One run: what is there, what was skipped, and why."""

    def __init__(self, build, folder):
        self.gomapd = build / "gomapd"
        self.loader = build / "tests/bench/gomapd_floor"
        self.folder = folder
        self.skipped = []
        self.paths = {}
        for version in (CLASSIC, SWISS):
            self.attempt(f"Go {version}", lambda: self.paths.update(
                {version: programs.build(version, folder)}))

    def attempt(self, what, measure):
        """What `measure` returns; None where this machine can't, which is noted."""
        log(what)
        try:
            return measure()
        except (Skip, RuntimeError, OSError) as why:
            self.skipped.append(f"{what}: {why}")
            log(f"skipped: {what}: {why}")
            return None

    def workload(self, version):
        if version not in self.paths:
            raise Skip(f"no Go {version}")
        return programs.Workload(self.paths[version])

    def server(self):
        server = programs.Server(self.folder)
        server.run("subscriptions", "usual")  # its memory grows the first time
        return server

    def tracers(self):
        """Those that this machine has, in groups."""
        def gomapd(detail):
            return lambda: tracers.Gomapd(self.gomapd, detail)
        makers = {"untraced": tracers.Tracer, "growth": gomapd("growth"),
                  "buckets": gomapd("buckets"), "assign": gomapd("assign"),
                  "the floor": lambda: tracers.Floor(self.loader),
                  "bpftrace": tracers.Bpftrace, "perf": tracers.Perf}
        made = [self.attempt(name, make) for name, make in makers.items()]
        hits = [tracers.Floor(self.loader, what, where, work="hits")
                for what in ("empty", "full") for where in ("end", "both")]
        return [[tracer] for tracer in made if tracer] + [hits]

    def alternate(self, count):
        """All turns of all tracers on all programs."""
        targets = []
        try:
            for name, make in ((f"Go {CLASSIC}", lambda: self.workload(CLASSIC)),
                               (f"Go {SWISS}", lambda: self.workload(SWISS)),
                               ("nats-server", self.server)):
                target = self.attempt(name, make)
                if target:
                    targets.append((name, target, programs.Sites(self.gomapd, target.path)))
            turns, skipped = rounds.all_rounds(targets, self.tracers(), count, self.folder, log)
            self.skipped += skipped
            return turns
        finally:
            for _, target, _ in targets:
                target.close()

    def attaching(self):
        workload = self.workload(SWISS)
        try:
            return host.attaching(self.loader, workload, None, self.folder)
        finally:
            workload.close()

    def governed(self, make, pairs):
        storm = make()
        try:
            exe = pathlib.Path(os.readlink(f"/proc/{storm.pid}/exe")).name
            return host.governed(self.gomapd, storm, exe, self.folder, pairs)
        finally:
            storm.close()

    def host(self, pairs):
        def idler():
            return self.workload(SWISS)
        exe = f"gomapd-peer-{SWISS}"
        measured = {
            "inspect": self.attempt("inspect", lambda: host.inspect(
                self.gomapd, programs.toolchain(SWISS))),
            "attach": self.attempt("attach and detach", self.attaching),
            "idle": self.attempt("idle daemon",
                                 lambda: host.idle(self.gomapd, idler, exe, self.folder)),
            "scrape": self.attempt("/metrics",
                                   lambda: host.scrape(self.gomapd, idler, exe, self.folder))}
        storms = {"classic storm": lambda: host.Storm(self.workload(CLASSIC), 100),
                  "Swiss storm": lambda: host.Storm(self.workload(SWISS), 100),
                  "nats-server": lambda: host.ServerStorm(self.server())}
        governed = {name: self.attempt(f"governor, {name}", lambda: self.governed(make, pairs))
                    for name, make in storms.items()}
        measured["governor"] = {name: pairs for name, pairs in governed.items() if pairs}
        return {name: what for name, what in measured.items() if what}


def first_line(*command):
    try:
        return subprocess.run(command, text=True, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout.splitlines()[0].strip()
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "not there"


def machine(run, count):
    def field(path, name):
        with open(path) as lines:
            return next((line.split(":", 1)[1].strip() for line in lines
                         if line.startswith(name)), "unknown")
    virtual = "hypervisor" in field("/proc/cpuinfo", "flags").split()
    return {"CPU": f"{field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} "
                   f"{'of a virtual machine' if virtual else 'cores'}",
            "memory": field("/proc/meminfo", "MemTotal"),
            "kernel": f"{platform.system()} {platform.release()}",
            "gomapd": first_line(run.gomapd, "--version"),
            "bpftrace": first_line("bpftrace", "--version"),
            "perf": first_line("perf", "--version"),
            "rounds": count,
            "load when it began": " ".join(f"{load:.1f}" for load in os.getloadavg())}


def measure(build, count, only):
    with tempfile.TemporaryDirectory(prefix="gomapd-bench.", dir="/var/tmp") as folder:
        run = Run(build, pathlib.Path(folder))
        results = {"machine": machine(run, count), "designs": [f"Go {CLASSIC}", f"Go {SWISS}"]}
        results["turns"] = run.alternate(count) if only != "host" else []
        results["host"] = run.host(pairs=max(1, count // 2)) if only != "tracers" else {}
        results["skipped"] = run.skipped
        return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("tracers", "host"))
    parser.add_argument("--page", type=pathlib.Path)
    parser.add_argument("--from", dest="results", type=pathlib.Path)
    options = parser.parse_args()
    # What was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(1))
    kept = options.build / "bench-peers.json"
    if options.results:
        results = json.loads(options.results.read_text())
    elif os.geteuid() != 0:
        log("tracing needs root")
        return 3
    else:
        results = measure(options.build.resolve(), options.rounds, options.only)
        kept.write_text(json.dumps(results))
    turns = Turns(results["turns"])
    print(page.terminal(results, turns))
    if options.page:
        explanations = pathlib.Path(__file__).with_name("explanations.md").read_text()
        options.page.write_text(page.page(results, turns, explanations))
    return 0


if __name__ == "__main__":
    sys.exit(main())
