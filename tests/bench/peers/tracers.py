# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""Tracers: each is put on a process, and taken off it, and says what it counted."""

import ctypes
import json
import os
import pathlib
import re
import shutil
import subprocess
import time

import processes
from processes import Skip


class Tracer:
    """`work`: what the programs get to do, see programs.WORK."""

    name, work, process = "untraced", "usual", None

    def attach(self, target, sites, folder):
        """Returns when its probes are in."""

    def detach(self):
        """Takes them out; what it counted: growths, moved, lost (None: it doesn't tell)."""
        return {}

    def leave(self):
        """Whatever has happened, nothing of it is left running."""
        if self.process and self.process.poll() is None:
            processes.end(self.process)

    def cpu_ns(self):
        return processes.cpu_ns(self.process.pid) if self.process else 0

    def await_probes(self, target, addresses):
        def there():
            if self.process.poll() is not None:
                raise RuntimeError(self.log.read_text().strip().splitlines()[-1])
            return processes.probed(target.pid, addresses)
        processes.wait_until(there, f"probes of {self.name}")


class Gomapd(Tracer):
    """gomapd trace, at a level of detail."""

    def __init__(self, gomapd, detail):
        self.gomapd, self.detail, self.name = gomapd, detail, f"gomapd {detail}"

    def attach(self, target, sites, folder):
        self.log, self.report = folder / "gomapd.log", folder / "gomapd.json"
        with open(self.log, "w") as log:
            # No map is there: of the events in JSON only the summary is left, for which
            # it works as it does for a table.
            self.process = subprocess.Popen(
                [self.gomapd, "trace", "-p", str(target.pid), "--detail", self.detail, "--json",
                 "--map", "0x1", "-o", self.report], stderr=log, stdout=subprocess.DEVNULL)

        def there():
            said = self.log.read_text()
            if self.process.poll() is not None:
                raise RuntimeError(said.strip().splitlines()[-1])
            return "gomapd: tracing" in said
        processes.wait_until(there, self.name)

    def detach(self):
        processes.end(self.process)
        summary = json.loads(self.report.read_text().splitlines()[-1])
        counts = summary["counts"]
        return {"growths": counts["growth_started"], "finished": counts["growth_finished"],
                "moved": counts["bucket_evacuated"] if self.detail == "buckets" else None,
                "lost": summary["lost_events"], "hits": summary["probe_hits"]}


class Floor(Tracer):
    """Programs at gomapd's own sites: those that do nothing, or gomapd's without gomapd."""

    def __init__(self, loader, what="empty", where="both", by="uprobe_multi", work="usual"):
        self.loader, self.what, self.where, self.by, self.work = loader, what, where, by, work
        self.name = f"{what} programs" + (f", {where} alone" if work == "hits" else "")

    def attach(self, target, sites, folder):
        self.process = subprocess.Popen(
            [self.loader, str(target.pid), target.path, self.what, self.where, self.by],
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.communicate()[1].strip())
        self.attached = json.loads(line)

    def detach(self):
        out, _ = self.process.communicate(timeout=60)
        return {**self.attached, **json.loads(out)}


class Bpftrace(Tracer):
    """bpftrace, which counts the same by probes at the functions' entries."""

    work = "few"

    def __init__(self, buckets=True):
        self.path = shutil.which("bpftrace")
        if not self.path:
            raise Skip("bpftrace is not installed")
        self.buckets = buckets
        self.name = "bpftrace"

    def attach(self, target, sites, folder):
        script, self.log = folder / "count.bt", folder / "bpftrace.log"
        growths = sites.growth_entries()
        moved = sites.evacuate_entries() if self.buckets else []
        script.write_text("".join(
            f"uprobe:{target.path}:{address:#x} {{ @{what} = count(); }}\n"
            for what, entries in (("growths", growths), ("moved", moved))
            for _, address, _ in entries))
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([self.path, "-f", "json", "-p", str(target.pid), script],
                                            stdout=log, stderr=log)
        self.await_probes(target, [address for _, address, _ in growths + moved])

    def detach(self):
        processes.end(self.process)
        counted = {"growths": 0, "moved": 0}
        for line in self.log.read_text().splitlines():
            if line.startswith('{"type": "map"'):
                for name, value in json.loads(line)["data"].items():
                    counted[name.lstrip("@")] = value
        lost = re.search(r"Lost (\d+) events", self.log.read_text())
        return {**counted, "lost": int(lost[1]) if lost else 0}


class Perf(Tracer):
    """perf record, with a sample at each entry of the same functions."""

    work = "few"
    name = "perf record"

    def __init__(self):
        self.path = shutil.which("perf")
        if not self.path:
            raise Skip("perf is not installed")
        if not pathlib.Path("/sys/bus/event_source/devices/uprobe").exists():
            raise Skip("the kernel has no uprobe events for perf")

    def attach(self, target, sites, folder):
        self.data, self.log = folder / "perf.data", folder / "perf.log"
        self.growths, self.moved = sites.growth_entries(), sites.evacuate_entries()
        entries = self.growths + self.moved
        # `perf probe` wants tracefs's uprobe_events, which not every kernel has, and
        # symbols, which a stripped program has not; so perf is given the same events
        # by number. They name the file by an address in perf's own memory: without
        # randomised addresses, the last string of the environment ends at a known one.
        path = os.path.realpath(self.path)
        variable = f"P={target.path}"
        stack_end = 0x7FFFFFFFF000 - 8
        name = stack_end - len(os.fsencode(path)) - 1 - len(os.fsencode(variable)) - 1 + len("P=")
        # Not inherited: a new thread would have to find the same string in its own memory,
        # and could not be made. The threads that work are there already.
        events = [word for _, _, offset in entries
                  for word in ("-e", f"uprobe/config1={name:#x},config2={offset:#x}/")]
        environment = {"HOME": os.environ.get("HOME", "/"), "PATH": os.environ["PATH"],
                       "P": target.path}
        no_randomisation = 0x0040000  # linux/personality.h: ADDR_NO_RANDOMIZE
        personality = ctypes.CDLL(None).personality
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [path, "record", "--no-inherit", "-c", "1", *events, "-p", str(target.pid), "-o", self.data],
                env=environment, stdout=log, stderr=log,
                preexec_fn=lambda: personality(no_randomisation))
        self.await_probes(target, [address for _, address, _ in entries])
        time.sleep(0.1)

    def detach(self):
        processes.end(self.process)
        said = processes.run([self.path, "report", "--stats", "-i", self.data])
        samples = [0] * len(self.growths + self.moved)
        # One block an event, in the order in which they were asked for.
        blocks = re.split(r"^uprobe/.*/ stats:$", said, flags=re.M)
        for i, block in enumerate(blocks[1:]):
            found = re.search(r"SAMPLE events:\s+(\d+)", block)
            samples[i] = int(found[1]) if found else 0
        lost = re.search(r"lost (\d+) chunks", self.log.read_text(), re.I)
        self.data.unlink()
        cut = len(self.growths)
        return {"growths": sum(samples[:cut]), "moved": sum(samples[cut:]),
                "lost": int(lost[1]) if lost else 0, "lost_is": "chunks"}
