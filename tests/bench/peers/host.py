# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""What is measured of gomapd by itself: inspect, attaching, the idle daemon, a scrape, the
governor."""

import bisect
import json
import math
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request

import processes
import programs
import tracers
from processes import Skip


def timed_command(command, times=7):
    """Wall and CPU seconds of a command, so many times, and the most resident bytes of it or
    of a process that it started, whoever waited for that."""
    figures = []
    processes.adopt_orphans()
    for _ in range(times):
        others = processes.children()
        began = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise Skip(f"{command[0]} exited with status {process.returncode}")
        wall_s = time.monotonic() - began
        left = [os.wait4(orphan, 0)[2] for orphan in processes.children() - others]
        figures.append({"wall_s": wall_s,
                        "cpu_s": sum(one.ru_utime + one.ru_stime for one in [used, *left]),
                        "resident": max(one.ru_maxrss for one in [used, *left]) * 1024})
    return figures


def inspect(gomapd, go_root):
    """The largest target; and the largest that has symbols, which `go tool nm` needs."""
    largest, symbols = programs.target("kubectl"), programs.target("turbo")
    nm = [f"{go_root}/bin/go", "tool", "nm", symbols]
    os.environ["GOTOOLCHAIN"] = "local"
    timed_command(nm, times=1)  # which builds it
    return {"bytes": os.stat(largest).st_size, "inspect": timed_command([gomapd, "inspect", largest]),
            "symbols_bytes": os.stat(symbols).st_size,
            "symbols_inspect": timed_command([gomapd, "inspect", symbols]),
            "symbols_nm": timed_command(nm)}


def attaching(loader, workload, sites, folder, times=5):
    """How long all growth probes of one binary take to come and to go."""
    figures = {}
    for by in ("uprobe_multi", "perf_event"):
        for _ in range(times):
            probes = tracers.Floor(loader, "full", "both", by)
            try:
                probes.attach(workload, sites, folder)
                figures.setdefault(by, []).append(probes.detach())
            finally:
                probes.leave()
    return figures


class Daemon:
    """gomapd daemon, on a port of its own, for programs of one name only."""

    def __init__(self, gomapd, folder, exe, *options):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.log = folder / "daemon.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [gomapd, "daemon", f"--match-exe={exe}", f"--web.listen-address=127.0.0.1:{port}",
                 *options], stdout=log, stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        processes.end(self.process, signal.SIGTERM)

    def get(self, path):
        with urllib.request.urlopen(self.address + path, timeout=10) as answer:
            return answer.read()

    def traced(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the daemon ended: {self.log.read_text()[-500:]}")
        try:
            return json.loads(self.get("/api/v1/status"))["processes"]["traced"]
        except OSError:
            return 0

    def await_traced(self, count):
        processes.wait_until(lambda: self.traced() >= count, f"{count} traced processes", 120, 0.2)

    def use(self, seconds):
        """Its CPU time, as a share of one core, and its resident bytes, while nothing asks."""
        used, began = processes.cpu_ns(self.process.pid), time.monotonic_ns()
        time.sleep(seconds)
        return {"core": (processes.cpu_ns(self.process.pid) - used) / (time.monotonic_ns() - began),
                "resident": processes.resident_bytes(self.process.pid)}


class Idlers:
    """So many processes of our workload, which wait."""

    def __init__(self, make, count):
        self.all = []
        self.make = make
        self.more(count)

    def more(self, count):
        self.all += [self.make() for _ in range(count)]

    def __enter__(self):
        return self

    def __exit__(self, *what):
        for one in self.all:
            one.close()


def idle(gomapd, make, exe, folder, seconds=15):
    """The daemon among idle Go processes, all of them traced."""
    figures = {}
    with Idlers(make, 200) as idlers, Daemon(gomapd, folder, exe) as daemon:
        for count in (200, 1000):
            idlers.more(count - len(idlers.all))
            daemon.await_traced(count)
            time.sleep(3)
            figures[str(count)] = daemon.use(seconds)
    return figures


def scrape(gomapd, make, exe, folder, wanted=10_000, times=15):
    """GET /metrics of a daemon that has so many series, by as many processes as that takes."""
    def series(text):
        return sum(not line.startswith(b"#") for line in text.splitlines())

    with Idlers(make, 50) as idlers, \
            Daemon(gomapd, folder, exe, "--metrics.pid", "--metrics.max-sites=10000") as daemon:
        for _ in range(20):
            for one in idlers.all[-50:]:
                one.ask("run", 1000, 1)
            daemon.await_traced(len(idlers.all))
            time.sleep(2.5)
            if series(daemon.get("/metrics")) >= wanted:
                break
            idlers.more(50)
        taken, used = [], processes.cpu_ns(daemon.process.pid)
        for _ in range(times):
            began = time.monotonic()
            text = daemon.get("/metrics")
            taken.append(time.monotonic() - began)
        used = processes.cpu_ns(daemon.process.pid) - used
        return {"series": series(text), "bytes": len(text), "seconds": taken,
                "cpu_s": used / 1e9 / times, "resident": processes.resident_bytes(daemon.process.pid)}


class Storm:
    """Our workload, building maps without a pause, looked at every 50 ms from outside."""

    def __init__(self, workload, keys):
        self.workload, self.pid = workload, workload.pid
        workload.ask("storm", keys)
        self.points, self.stopped = [], threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def look(self):
        now = self.workload.ask("progress")
        return now["wall_ns"], now["cpu_ns"], now["maps"], now["growths"]

    def watch(self):
        while not self.stopped.wait(0.05):
            self.points.append(self.look())

    def at(self, time_ns):
        """CPU time, work done and growths at a moment, between two looks."""
        processes.wait_until(lambda: self.points and self.points[-1][0] > time_ns, "the next look")
        points = list(self.points)
        after = bisect.bisect(points, (time_ns,))
        if after == 0:
            raise RuntimeError("a moment before the first look")
        (t0, *first), (t1, *last) = points[after - 1], points[after]
        share = (time_ns - t0) / (t1 - t0)
        return [a + (b - a) * share for a, b in zip(first, last)]

    def rates(self, begin_ns, end_ns):
        """Work a second of wall time, and of CPU time."""
        first, last = self.at(begin_ns), self.at(end_ns)
        done = last[1] - first[1]
        if not done:
            raise RuntimeError("nothing was done")
        return {"wall": done * 1e9 / (end_ns - begin_ns), "cpu": done * 1e9 / (last[0] - first[0])}

    def close(self):
        self.stopped.set()
        self.thread.join()
        self.workload.ask("stop")
        self.workload.close()


class ServerStorm(Storm):
    """The server, with subscriptions that come and go; it has no truth of its own."""

    def __init__(self, server):
        self.server, self.pid, self.done = server, server.pid, 0
        self.points, self.stopped = [], threading.Event()
        self.load = threading.Thread(target=self.drive, daemon=True)
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.load.start()
        self.thread.start()

    def drive(self):
        while not self.stopped.is_set():
            for step in self.server.steps:
                self.server.talk(step)
                self.done += 1

    def look(self):
        return time.time_ns(), processes.cpu_ns(self.pid), self.done, 0

    def close(self):
        self.stopped.set()
        self.thread.join()
        self.load.join()
        self.server.close()


def stretch(storm, seconds):
    """(begin, end) of a time that the storm was watched for."""
    begin = time.time_ns()
    time.sleep(seconds)
    return begin, time.time_ns()


def workload_state(daemon):
    answer = json.loads(daemon.get("/api/v1/workloads"))
    if not answer["workloads"]:
        raise RuntimeError("the daemon has no workload")
    return answer["time_ns"], answer["workloads"][0]


def governed(gomapd, storm, exe, folder, pairs, seconds=15, settle=30):
    """Each time: so long without the daemon, twice that with it, and without it again. It gets
    `settle` seconds to find the level that it stays at, and what a hit costs this program."""
    time.sleep(1)
    figures = []
    for _ in range(pairs):
        before = storm.rates(*stretch(storm, seconds))
        with Daemon(gomapd, folder, exe) as daemon:  # trace.max_overhead: 1 %
            daemon.await_traced(1)
            time.sleep(settle)
            begin, first = workload_state(daemon)
            with_it = storm.rates(*stretch(storm, 2 * seconds))
            end, last = workload_state(daemon)
            used = daemon.use(1)
        truth = storm.at(end)[2] - storm.at(begin)[2]
        counted = sum(last[which] - first[which] for which in ("growths", "estimated_growths"))
        time.sleep(0.5)
        after = storm.rates(*stretch(storm, seconds))
        slower = {clock: (before[clock] + after[clock]) / 2 / with_it[clock] - 1
                  for clock in ("wall", "cpu")}
        figures.append({"slower": slower, "noise": after["wall"] / before["wall"] - 1,
                        "error": counted / truth - 1 if truth else None,
                        "claimed_error": math.sqrt(max(0, last["estimated_growths_error"] ** 2 -
                                                       first["estimated_growths_error"] ** 2)) /
                        truth if truth else None,
                        "overhead_ratio": last["overhead_ratio"], "detail": last["detail"],
                        "daemon_core": used["core"]})
    return figures
