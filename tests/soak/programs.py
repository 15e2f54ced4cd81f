# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""The programs of the host: tests/live/go/storm by every toolchain, and their lives."""

import dataclasses
import itertools
import os
import pathlib
import random
import shutil
import subprocess
import threading
import time

SOURCES = pathlib.Path(__file__).resolve().parents[1] / "live/go/storm"
NAMES = "soaked-*"
VERSIONS = ["1.15", "1.19", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"]
TRACED_WITHIN_SECONDS = 60


def cache_folder():
    """Where scripts/lib.sh keeps toolchains."""
    own, xdg = os.environ.get("GOMAPD_CACHE"), os.environ.get("XDG_CACHE_HOME")
    return pathlib.Path(own or (f"{xdg}/gomapd" if xdg else pathlib.Path.home() / ".cache/gomapd"))


def growths_of_a_map(version):
    """Of the 100 keys that tests/live/go/storm puts into one: four doublings of either
    design, and one more by Go 1.21, whose buckets are full at 6 keys, not 6.5."""
    return 5 if version == "1.21" else 4


def build_all(folder):
    """Two files of each toolchain, by version: quiet ones and storming ones, as the budget of
    probes is an executable's."""
    cache, builds = cache_folder(), {}
    for version in VERSIONS:
        root = cache / "go" / version
        if not (root / "bin/go").exists():
            continue
        quiet, storm = folder / f"soaked-{version}", folder / f"soaked-storm-{version}"
        subprocess.run([root / "bin/go", "build", "-o", quiet, "."], cwd=SOURCES, check=True, env={
            **os.environ, "GOROOT": str(root), "GO111MODULE": "off", "GOFLAGS": "",
            "GOEXPERIMENT": "", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0",
            "GOCACHE": str(cache / "go-build"), "GOPATH": str(cache / "go-path")})
        shutil.copy(quiet, storm)
        builds[version] = (quiet, storm)
    return builds


@dataclasses.dataclass
class Finished:
    """A program that has told how many maps it made, and has ended."""
    pid: int
    made: int
    version: str
    storming: bool
    ended: float


class Program:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.made = 0

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        self.made = int(self.process.stdout.readline().split()[1])

    def quit(self):
        self.process.communicate("quit\n", timeout=60)

    def kill(self):
        self.process.kill()
        self.process.communicate()


def brief(program, chance, pause):
    """A second."""
    program.tell(f"make {chance.randint(1, 40)}")
    pause(1)


def long(program, chance, pause):
    """Minutes, with something to do every few seconds."""
    for _ in range(chance.randint(12, 40)):
        program.tell(f"make {chance.randint(0, 30)}")
        if not pause(5):
            break


def storming(program, chance, pause):
    """All it can, so that the daemon samples."""
    program.tell("storm 1")
    pause(chance.randint(10, 25))
    program.tell("stop")


class Host:
    """Keeps as many programs alive as it was given lives; each that ends is followed by
    one of the next toolchain."""

    def __init__(self, builds):
        self.builds = builds
        self.complaints = []
        self.started = 0
        self._finished = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads = []
        self._versions = itertools.cycle(builds)

    def start(self, lives, daemon):
        for at, life in enumerate(lives):
            thread = threading.Thread(target=self._keep, args=(life, daemon, random.Random(at)))
            thread.start()
            self._threads.append(thread)

    def take_finished(self):
        with self._lock:
            finished, self._finished = self._finished, []
        return finished

    def stop(self):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _pause(self, seconds):
        return not self._over.wait(seconds)

    def _keep(self, life, daemon, chance):
        while not self._over.is_set():
            with self._lock:
                version = next(self._versions)
                self.started += 1
            program = Program(self.builds[version][life is storming])
            try:
                if self._wait_for(program, daemon):
                    life(program, chance, self._pause)
                    program.quit()
                    with self._lock:
                        self._finished.append(Finished(program.pid, program.made, version,
                                                       life is storming, time.monotonic()))
            except Exception as error:  # pylint: disable=broad-except
                with self._lock:
                    self.complaints.append(f"a program of Go {version}: {error!r}")
                self._pause(5)
            finally:
                program.kill()

    def _wait_for(self, program, daemon):
        until = time.monotonic() + TRACED_WITHIN_SECONDS
        while not daemon.traces(program.pid):
            if not self._pause(0.2):
                return False
            if time.monotonic() > until:
                raise TimeoutError(f"not traced within {TRACED_WITHIN_SECONDS} s")
        return True
