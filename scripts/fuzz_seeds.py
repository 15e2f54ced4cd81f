#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""fuzz_seeds.py IMAGES CORPUS: what the fuzzers begin with, in CORPUS/fuzz_NAME: programs and a
recording, which IMAGES (fuzz_images) makes, function bodies, and texts of our own."""

import pathlib
import re
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Function bodies as compilers make them are in the tests, each at its line's end, as hex.
BODIES = {0: ["go_bodies.txt", "go_inlined.txt"], 1: ["go_bodies_arm64.txt", "go_inlined_arm64.txt"]}


def write(folder, number, content):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"seed-{number:04}"
    if not path.exists():
        path.write_bytes(content)


def texts(patterns):
    return [path.read_bytes() for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def literals(path):
    """The strings of a C++ source, its escapes undone."""
    source = (ROOT / path).read_text()
    found = re.findall(r'"((?:[^"\\\n]|\\.)*)"', source)
    return [text.encode().decode("unicode_escape", "replace").encode("latin-1", "replace") for text in found]


def types():
    """A map type's record at the beginning, as it lies in memory: its size, kind and name."""
    seeds = []
    for kind in (21, 53):
        for name in (2, 3):
            record = struct.pack("<QQIBBBBQQII", 8, 8, 1, name, 8, 8, kind, 0, 0, 0x100, 0)
            record = record.ljust(48, b"\0") + struct.pack("<8Q", *[0x10080 + 64 * i for i in range(8)])
            seeds.append((record.ljust(0x80, b"\0") + record * 4).ljust(0x200, b"\0")
                         + b"\1\4*int\0")
    return seeds


def main():
    corpus = pathlib.Path(sys.argv[2])
    subprocess.run([sys.argv[1], corpus], check=True, timeout=60)
    seeds = {
        "fuzz_config": texts(["deploy/**/*.yaml", "deploy/**/*.yml", "docs/*.md"])
        + literals("tests/unit/daemon/config/daemon_options_test.cpp"),
        "fuzz_cgroup": literals("tests/unit/daemon/proc/cgroup_test.cpp"),
        "fuzz_request": [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                         b"GET /debug/pprof/mapgrowth?seconds=3 HTTP/1.1\r\nHost: a\r\n"
                         b"Authorization: Basic YTpi\r\nAccept-Encoding: gzip\r\n\r\n"],
        "fuzz_wire": [bytes([kind, kind, 0, 0, 0]) for kind in range(7)],
        "fuzz_code": [bytes([machine]) + bytes.fromhex(line.split()[-1])
                      for machine, names in BODIES.items() for name in names
                      for line in (ROOT / "tests/unit/probes/code" / name).read_text().splitlines()],
        "fuzz_records": [bytes([23, 16]) + bytes(range(256))[:200] * 2],
        "fuzz_types": types(),
    }
    for name, all_of_it in seeds.items():
        for number, content in enumerate(dict.fromkeys(all_of_it)):
            write(corpus / name, number, content)


if __name__ == "__main__":
    main()
