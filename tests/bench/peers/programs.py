# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""What is traced: our own workload in two map designs, and a server of somebody else."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import processes
from processes import ROOT, Skip

# Maps of so many keys, built one after the other; the last by two goroutines at a time.
# What makes the program many times slower gets few; what compares single hits, maps that
# do little else than grow (at the 9th, and the 14th or 15th key).
WORK = {
    "usual": {"1,000,000 keys": ("run", 1_000_000, 2), "8 keys": ("run", 8, 100_000),
              "100 keys": ("run", 100, 8_000), "1,000 keys": ("run", 1_000, 800),
              "2 x 100 keys": ("parallel", 100, 20_000, 2)},
    "few": {"1,000,000 keys": ("run", 1_000_000, 1), "8 keys": ("run", 8, 50_000),
            "100 keys": ("run", 100, 800), "1,000 keys": ("run", 1_000, 80)},
    "hits": {"15 keys": ("run", 15, 60_000)}}


class Sites:
    """Where gomapd would probe a program, and where others would: at functions' entries."""

    # How Go begins a function that checks its stack: cmp rsp,[r14+16], or lea r12 first.
    BEGINNINGS = (b"\x49\x3b\x66\x10", b"\x4c\x8d\x64\x24", b"\x4c\x8d\xa4\x24")

    def __init__(self, gomapd, path):
        self.path = str(path)
        facts = json.loads(processes.run([gomapd, "inspect", "--json", path]))
        self.go, self.design, self.pie = facts["go_version"], facts["impl"], facts["pie"]
        self.sites = facts["probe_sites"]

    def entries(self, wanted):
        """(name, address, file offset) of the functions whose sites `wanted` accepts.

        A stripped program names no entries: but its functions begin at multiples of 32,
        and the site lies behind the stack check.
        """
        found = []
        with open(self.path, "rb") as file:
            for site in filter(wanted, self.sites):
                offset = site["file_offset"] & ~31
                file.seek(offset)
                if self.pie or file.read(4) not in self.BEGINNINGS:
                    raise Skip(f"the entry of {site['function']} in {self.path} is not known")
                back = site["file_offset"] - offset
                found.append((site["function"], int(site["address"], 16) - back, offset))
        return found

    def growth_entries(self):
        """What counts growths by entry probes; of Swiss maps rehash alone, as in the goal."""
        return self.entries(lambda site: site["role"] == "growth_start" and
                            not site["function"].endswith("growToTable"))

    def evacuate_entries(self):
        return self.entries(lambda site: site["role"] == "evacuate")


def toolchain(version):
    """GOROOT of Go 1.N; Skip where it is not to be had."""
    said = subprocess.run([ROOT / "scripts/go-toolchains.sh", version], text=True, timeout=900,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if said.returncode != 0:
        raise Skip(said.stderr.strip().splitlines()[-1])
    return pathlib.Path(said.stdout.split()[1])


def target(name):
    """The executable of somebody else's program; Skip where it is not to be had."""
    said = subprocess.run([ROOT / "scripts/targets.sh", name], text=True, timeout=900,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if said.returncode != 0:
        raise Skip(said.stderr.strip().splitlines()[-1])
    return said.stdout.split()[1]


def build(version, to):
    """Builds the workload with Go 1.N."""
    root = toolchain(version)
    cache = root.parent.parent
    path = pathlib.Path(to) / f"gomapd-peer-{version}"
    processes.run([root / "bin/go", "build", "-trimpath", "-o", path, "."],
                  cwd=ROOT / "tests/bench/peers/go/workload",
                  env={**os.environ, "GOROOT": str(root), "GOTOOLCHAIN": "local", "GOFLAGS": "",
                       "GOEXPERIMENT": "", "GO111MODULE": "off", "CGO_ENABLED": "0",
                       "GOCACHE": str(cache / "go-build"), "GOPATH": str(cache / "go-path")})
    return path


class Workload:
    """Our own program, which knows how often its maps grew."""

    def __init__(self, path):
        self.path = str(path)
        self.process = subprocess.Popen([self.path], text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.pid = self.process.pid

    def ask(self, *command):
        print(*command, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.path} ended")
        return json.loads(answer)

    @staticmethod
    def parts(work):
        return WORK[work]

    def run(self, part, work):
        return self.ask(*WORK[work][part])

    def close(self):
        processes.end(self.process, signal.SIGTERM, seconds=30)
        self.process.stdin.close()
        self.process.stdout.close()


class Server:
    """A stripped nats-server (Go 1.27), to which subjects are subscribed and dropped again."""

    SUBJECTS, SUBJECTS_A_GROUP, SUBJECTS_A_STEP = 40_000, 100, 2_000

    def __init__(self, folder):
        # Under a name of our own: a daemon that is told it traces nobody else's.
        self.path = str(folder / "gomapd-peer-nats")
        shutil.copy(target("nats-server"), self.path)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with open(folder / "nats.log", "w") as log:
            self.process = subprocess.Popen([self.path, "-a", "127.0.0.1", "-p", str(port)],
                                            stdout=log, stderr=log)
        self.pid = self.process.pid
        self.socket = None
        processes.wait_until(lambda: self.connect(port), "nats-server")
        each = self.SUBJECTS_A_GROUP
        add = [f"SUB g{i // each}.s{i % each} {i}\r\n" for i in range(self.SUBJECTS)]
        drop = [f"UNSUB {i}\r\n" for i in range(self.SUBJECTS)]
        self.steps = ["".join(commands[i:i + self.SUBJECTS_A_STEP]).encode()
                      for commands in (add, drop)
                      for i in range(0, self.SUBJECTS, self.SUBJECTS_A_STEP)]
        self.talk(b'CONNECT {"verbose":false}\r\n')

    def connect(self, port):
        try:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        except OSError:
            return False
        return True

    def talk(self, commands):
        """Sends commands, and waits until the server has done all of them."""
        self.socket.sendall(commands + b"PING\r\n")
        said = b""
        while b"PONG\r\n" not in said:
            more = self.socket.recv(1 << 16)
            if not more:
                raise RuntimeError("nats-server closed the connection")
            said += more
            if b"-ERR" in said:
                raise RuntimeError(f"nats-server says {said[-200:]!r}")
        # It asks now and then, too, and hangs up on who does not answer.
        if b"PING\r\n" in said:
            self.socket.sendall(b"PONG\r\n")

    @staticmethod
    def parts(work):
        return {"usual": {"subscriptions": 4}, "few": {"subscriptions": 1}, "hits": {}}[work]

    def run(self, part, work):
        """Its CPU time, and the wall time, of requests: it has no truth of its own."""
        times = self.parts(work)[part]
        cpu, began = processes.cpu_ns(self.pid), time.monotonic_ns()
        for _ in range(times):
            for step in self.steps:
                self.talk(step)
        return {"inserts": self.SUBJECTS * times, "maps": 0, "growths": None, "moved": None,
                "rehashes": None, "unfinished": 0, "cpu_ns": processes.cpu_ns(self.pid) - cpu,
                "wall_ns": time.monotonic_ns() - began}

    def close(self):
        self.socket.close()
        processes.end(self.process, seconds=30)
