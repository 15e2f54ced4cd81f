# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""One daemon under test: what it serves, and what it holds."""

import dataclasses
import os
import re
import subprocess
import threading
import time
import urllib.request

import programs

# Series vanish so soon after their program that many come and go within a run.
LINGER_SECONDS = 30
SERIES = re.compile(r"^([a-z_0-9]+)(?:\{(.*)\})? (\S+)", re.MULTILINE)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def why_not():
    """Why nothing can be traced here, or None."""
    return None if os.geteuid() == 0 else "root is needed to trace"


@dataclasses.dataclass
class Sample:
    seconds: float
    rss_kib: int
    fds: int
    links: int
    series: int
    workloads: int  # that have series
    traced: float
    cpu_seconds: float
    lost: float
    divergences: float

    def __str__(self):
        return (f"RSS {self.rss_kib} KiB, {self.fds} descriptors, {self.links} links, {self.series} "
                f"series of {self.workloads} workloads, {self.traced:.0f} traced, "
                f"{self.cpu_seconds:.1f} s of CPU, lost {self.lost:.0f}, divergences {self.divergences:.0f};")

    @property
    def series_each(self):
        """A workload. How many there are is the host's doing: the faster it is, the more come and go."""
        return self.series / max(self.workloads, 1)


class Metrics:
    """One answer of /metrics."""

    def __init__(self, text):
        self.rows = [(name, dict(LABEL.findall(labels)), float(value))
                     for name, labels, value in SERIES.findall(text)]

    def pids(self):
        """Of the workloads that have series; at --metrics.pid each is a process."""
        return {labels["pid"] for _, labels, _ in self.rows if "pid" in labels}

    def value(self, name, **labels):
        """The sum of what fits, or None where nothing does."""
        found = [value for one, its, value in self.rows
                 if one == name and all(its.get(key) == to for key, to in labels.items())]
        return sum(found) if found else None


class Daemon:
    def __init__(self, gomapd, folder):
        self.log = open(folder / "daemon.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [gomapd, "daemon", "--web.listen-address", "127.0.0.1:0", "--metrics.pid",
             f"--metrics.linger={LINGER_SECONDS}s", "--match-exe", programs.NAMES],
            stdout=subprocess.DEVNULL, stderr=self.log)
        self.address = self._address()
        self._latest = Metrics("")
        self._lock = threading.Lock()

    def _address(self):
        for _ in range(300):
            self.log.flush()
            with open(self.log.name, encoding="utf-8") as log:
                found = re.search(r"127\.0\.0\.1:[1-9][0-9]*", log.read())
            if found:
                return found.group(0)
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        with open(self.log.name, encoding="utf-8") as log:
            self.process.kill()
            raise RuntimeError("the daemon does not serve: " + log.read()[-2000:])

    def scrape(self):
        with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=30) as answer:
            metrics = Metrics(answer.read().decode())
        with self._lock:
            self._latest = metrics
        return metrics

    def traces(self, pid):
        """Whether it did at the last scrape."""
        with self._lock:
            return self._latest.value("gomapd_detail_level", pid=str(pid)) is not None

    def sample(self, metrics, seconds):
        folder = f"/proc/{self.process.pid}"
        with open(f"{folder}/status", encoding="ascii") as status:
            rss = int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))
        fds, links = 0, 0
        for fd in os.listdir(f"{folder}/fdinfo"):
            try:
                with open(f"{folder}/fdinfo/{fd}", encoding="ascii") as info:
                    links += "link_type:" in info.read()
                fds += 1
            except OSError:
                pass  # it was closed
        with open(f"{folder}/stat", encoding="ascii") as stat:
            times = stat.read().rpartition(")")[2].split()[11:13]
        return Sample(seconds, rss, fds, links, len(metrics.rows),
                      len(metrics.pids()),
                      metrics.value("gomapd_processes", state="traced") or 0,
                      sum(map(int, times)) / os.sysconf("SC_CLK_TCK"),
                      metrics.value("gomapd_events_lost_total") or 0,
                      metrics.value("gomapd_model_divergences_total") or 0)

    def stop(self):
        """Its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "no answer to SIGTERM within 30 s"
        finally:
            self.log.close()
