#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""Regenerates go_inlined.txt and, with --arch arm64, go_inlined_arm64.txt:
functions of profile-guided builds into which growth functions were inlined.

Takes profiles with tests/live/go/guide, builds record_bodies.py's program by
them, and writes each function that holds an inlined copy:

  toolchain profile function entry never-returns preserves copies code-hex

`never-returns` and `preserves` list the direct call targets inside the body
that don't return, and that keep all registers (the write barriers), as
comma-separated addresses or `-`. `copies` is `callee:begin-end,begin-end|...`,
one callee for each inlined call, offsets from the entry, as DWARF has them:
what pclntab says is tested against other things. Needs llvm-dwarfdump too.

  record_inlined.py [--arch ARCH] [--work DIR] > go_inlined.txt
"""
import argparse
import os
import pathlib
import re
import subprocess

import record_bodies as bodies

# toolchain, GOEXPERIMENT, arguments of the guide
PROFILES = [
    ("1.21", "", "9", "s"),
    ("1.22", "", "9", "siwpta"),
    ("1.23", "", "9", "siwpta"),
    ("1.24", "", "3000", "siwpta"),
    ("1.25", "noswissmap", "9", "siwpta"),
    ("1.26", "", "3000", "siwpta"),
]
CALLEES = ["runtime.hashGrow", "runtime.advanceEvacuationMark",
           bodies.MAPS + "(*table).grow", bodies.MAPS + "(*table).split"]
CALLERS = re.compile(r"runtime\.(mapassign|evacuate|growWork|mapdelete)\w*$|.*maps\.\(\*table\)\.rehash$")


def build(goroot, arch, experiment, keys, types, work):
    folder = work / f"{goroot.name}{experiment}-{keys}{types}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.go").write_text(bodies.PROGRAM)
    environment = dict(os.environ, GOROOT=str(goroot), GOTOOLCHAIN="local", GO111MODULE="off",
                       GOFLAGS="-p=2", CGO_ENABLED="0", GOEXPERIMENT=experiment)
    go = str(goroot / "bin/go")
    if not (folder / "profile").exists():
        subprocess.run([go, "build", "-o", str(folder / "guide"), "."], check=True, env=environment,
                       cwd=bodies.ROOT / "tests/live/go/guide")
        subprocess.run([folder / "guide", folder / "profile", keys, types], check=True)
    program = f"program-{arch}"
    subprocess.run([go, "build", f"-pgo={folder / 'profile'}", "-o", program, "main.go"],
                   check=True, env=dict(environment, GOARCH=arch), cwd=folder)
    return folder / program


# The ranges of each inlined call of one of CALLEES, from `entry`.
def copies(program, function, entry):
    text = bodies.run(["llvm-dwarfdump", f"--name={function}", "--show-children", str(program)])
    found = []
    for block in re.split(r"\n(?=0x)", text):
        origin = re.search(r'DW_TAG_inlined_subroutine.*?DW_AT_abstract_origin\s+\(0x\w+ "(.*?)"\)',
                           block, re.S)
        if not origin or origin.group(1) not in CALLEES:
            continue
        ranges = re.findall(r"\[0x(\w+), 0x(\w+)\)", block.split("DW_AT_call_file")[0])
        if not ranges:
            ranges = [re.search(rf"DW_AT_{bound}_pc\s+\(0x(\w+)\)", block).group(1)
                      for bound in ("low", "high")],
        found.append(origin.group(1) + ":" + ",".join(
            f"{int(begin, 16) - entry:x}-{int(end, 16) - entry:x}" for begin, end in ranges))
    return found


def addresses(targets, names, pattern):
    chosen = sorted(target for target in targets
                    if any(re.match(pattern, name) for name in names.get(target, ())))
    return ",".join(f"{target:x}" for target in chosen) or "-"


def record(program, arch, toolchain, profile):
    address, offset, _ = bodies.text_section(program)
    functions, names = bodies.symbols(program)
    image = program.read_bytes()
    for function, (entry, size) in sorted(functions.items()):
        inlined = copies(program, function, entry) if CALLERS.match(function) else []
        if not inlined:
            continue
        listing = bodies.run([*bodies.DISASSEMBLERS[arch], f"--start-address={entry}",
                              f"--stop-address={entry + size}", str(program)])
        targets = {int(word, 16) for word in bodies.DIRECT_CALL.findall(listing)}
        code = image[entry - address + offset:entry - address + offset + size]
        print(toolchain, profile, function, f"{entry:x}",
              addresses(targets, names, bodies.NEVER_RETURNS),
              addresses(targets, names, r"runtime\.gcWriteBarrier"), "|".join(inlined), code.hex(),
              flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--arch", choices=sorted(bodies.ARCH_BUILDS), default="amd64")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/tmp/gomapd-inlined"))
    options = parser.parse_args()
    for goroot in bodies.toolchains():
        for toolchain, experiment, keys, types in PROFILES:
            if toolchain == goroot.name:
                program = build(goroot, options.arch, experiment, keys, types, options.work)
                record(program, options.arch, toolchain + experiment, keys + types)


if __name__ == "__main__":
    main()
