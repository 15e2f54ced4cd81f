# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""What the kernel tells of processes, and programs that are started and ended."""

import ctypes
import os
import pathlib
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Skip(Exception):
    """A row that this machine can't have: its text says why."""


def cpu_ns(pid):
    """The time that a process has run so far, threads that have ended included; 0 when it has
    gone. As old as the last tick."""
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)  # linux: CPUCLOCK_SCHED of a process
    except OSError:
        return 0


def resident_bytes(pid):
    with open(f"/proc/{pid}/status") as lines:
        return next((int(line.split()[1]) * 1024 for line in lines
                     if line.startswith("VmRSS:")), 0)


def children():
    """Ours, and those of ours that are gone: see adopt_orphans()."""
    with open(f"/proc/self/task/{os.getpid()}/children") as pids:
        return {int(pid) for pid in pids.read().split()}


def adopt_orphans():
    """From now on whom a process of ours leaves behind is a child of ours."""
    PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def wait_until(condition, what, seconds=20.0, step=0.01):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds:.0f} s")
        time.sleep(step)


def end(process, how=signal.SIGINT, seconds=60):
    """Ends a process that was started here, by its own number."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise RuntimeError(f"{process.args[0]} did not end within {seconds} s") from None


def run(command, **options):
    """The standard output of a command; an error with the end of its standard error."""
    done = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=300, **options)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason"])[-1]
        raise RuntimeError(f"{command[0]}: {last}")
    return done.stdout


def probed(pid, addresses):
    """Whether a breakpoint is at each of these addresses of a process."""
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            return all(os.pread(memory.fileno(), 1, address) == b"\xcc" for address in addresses)
    except OSError:
        return False
