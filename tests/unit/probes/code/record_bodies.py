#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""Regenerates go_bodies.txt and, with --arch arm64, go_bodies_arm64.txt: the
machine code that the site tests run on.

Builds one small Go program with every toolchain that scripts/go-toolchains.sh
knows, in the builds listed below, and writes the body of each map function:

  toolchain build function entry never-returns code-hex

`never-returns` lists the direct call targets inside the body that are known
not to return (the runtime's throw and panic functions), as comma-separated
addresses or `-`. Needs binutils (nm, readelf, objdump), llvm-objdump for arm64,
and about 1 GB under the cache directory given with --work.

  record_bodies.py [--arch ARCH] [--work DIR] [--dump DIR] [--only 1.N,...] > go_bodies.txt

With --dump, one `objdump -d` listing per body is written there: what to check
go_sites.txt against when it changes.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[4]

PROGRAM = r"""
package main

type point struct{ x, y, z int32 }

//go:noinline
func ints(n int) int {
	m := make(map[int]int)
	for i := 0; i < n; i++ {
		m[i] = i
	}
	for i := 0; i < n; i += 2 {
		delete(m, i)
	}
	return len(m)
}

//go:noinline
func words(n int) int {
	m := make(map[uint32]*point)
	for i := 0; i < n; i++ {
		m[uint32(i)] = &point{int32(i), 0, 0}
	}
	delete(m, 1)
	return len(m)
}

//go:noinline
func strings(n int) int {
	m := make(map[string]int, n/4)
	b := make([]byte, 4)
	for i := 0; i < n; i++ {
		b[0], b[1], b[2] = byte(i), byte(i>>8), byte(i>>16)
		m[string(b)] = i
	}
	delete(m, "abcd")
	for k := range m {
		delete(m, k)
	}
	return len(m)
}

//go:noinline
func structs(n int) int {
	m := map[point]string{}
	for i := 0; i < n; i++ {
		m[point{int32(i), 1, 2}] = "x"
	}
	delete(m, point{1, 1, 2})
	return len(m)
}

func main() {
	println(ints(5000), words(5000), strings(5000), structs(5000))
}
"""

CLASSIC_CORE = [
    "runtime.hashGrow", "runtime.advanceEvacuationMark", "runtime.growWork_fast64",
    "runtime.evacuate_fast64",
]
CLASSIC = CLASSIC_CORE + [
    "runtime.growWork", "runtime.evacuate", "runtime.evacuate_fast32", "runtime.evacuate_faststr",
    "runtime.makeBucketArray", "runtime.mapassign", "runtime.mapassign_fast64", "runtime.mapclear",
    "runtime.makemap", "runtime.mapdelete_fast64",
]
MAPS = "internal/runtime/maps."
SWISS_CORE = [
    MAPS + "(*table).rehash", MAPS + "(*table).grow", MAPS + "(*table).split",
    MAPS + "(*Map).growToTable", MAPS + "(*Map).growToSmall",
]
SWISS = SWISS_CORE + [
    MAPS + "(*table).pruneTombstones", MAPS + "(*Map).installTableSplit", MAPS + "newTable",
    MAPS + "NewMap", "runtime.mapassign", "runtime.mapassign_fast64", "runtime.makemap_small",
]
SMALL = ["runtime.makemap_small"]

# build: (arguments of go build, environment, Go versions, every function or the core only)
BUILDS = {
    "plain": ([], {}, range(15, 28), True),
    "nl": (["-gcflags=all=-N -l"], {}, range(15, 28), False),
    "race": (["-race"], {"CGO_ENABLED": "1"}, range(15, 28), False),
    "pie": (["-buildmode=pie"], {}, [15, 19, 26], False),
    "noswiss": ([], {"GOEXPERIMENT": "noswissmap"}, [24, 25], False),
}
# The race detector needs a C compiler for the target.
ARCH_BUILDS = {"amd64": BUILDS, "arm64": {name: BUILDS[name] for name in BUILDS if name != "race"}}
DISASSEMBLERS = {
    "amd64": ["objdump", "-d", "-w", "-M", "intel", "--no-show-raw-insn"],
    "arm64": ["llvm-objdump", "-d", "--no-show-raw-insn"],
}
DIRECT_CALL = re.compile(r"\b(?:call|bl)\s+(?:0x)?([0-9a-f]+)")

NEVER_RETURNS = re.compile(
    r"^(runtime\.(throw|fatal|fatalthrow|fatalpanic|gopanic|panic[A-Za-z0-9]*|goPanic\w+|dieFromSignal"
    r"|goexit\d?|abort|badPointer|unreachableMethod)|internal/runtime/maps\.(fatal|panic\w*)"
    r"|internal/runtime/sys\.\w*[Pp]anic\w*)(\.abi\d|\.abiinternal)?$")


def run(arguments, **options):
    return subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def toolchains():
    root = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "gomapd/go"
    found = [path for path in root.glob("1.*") if (path / "bin/go").exists()]
    return sorted(found, key=lambda path: int(path.name.split(".")[1]))


def build(goroot, arch, name, work):
    arguments, extra, _, _ = BUILDS[name]
    folder = work / f"{goroot.name}-{arch}-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.go").write_text(PROGRAM)
    program = folder / "program"
    if not program.exists():
        environment = dict(os.environ, GOROOT=str(goroot), GOTOOLCHAIN="local", GO111MODULE="off",
                           GOFLAGS="-p=2", GOCACHE=str(work / "cache"), CGO_ENABLED="0",
                           GOPATH=str(work / "path"), GOARCH=arch)
        environment.update(extra)
        command = [str(goroot / "bin/go"), "build", *arguments, "-o", str(program), "main.go"]
        subprocess.run(command, check=True, cwd=folder, env=environment)
    return program


def text_section(program):
    for line in run(["readelf", "-SW", str(program)]).splitlines():
        match = re.match(r"\s*\[\s*\d+\]\s+\.text\s+\S+\s+([0-9a-f]+)\s+([0-9a-f]+)\s+([0-9a-f]+)", line)
        if match:
            return tuple(int(number, 16) for number in match.groups())
    raise SystemExit(f"{program}: no .text")


def symbols(program):
    functions, names = {}, {}
    for line in run(["nm", "-S", str(program)]).splitlines():
        match = re.match(r"([0-9a-f]+) (?:([0-9a-f]+) )?[tT] (.+)$", line)
        if not match:
            continue
        address, name = int(match.group(1), 16), match.group(3)
        names.setdefault(address, set()).add(name)
        if match.group(2):
            functions[name] = (address, int(match.group(2), 16))
    return functions, names


def record(goroot, arch, name, work, dump):
    program = build(goroot, arch, name, work)
    address, offset, _ = text_section(program)
    functions, names = symbols(program)
    image = program.read_bytes()
    swiss = MAPS + "(*table).rehash" in functions
    everything = BUILDS[name][3]
    wanted = (SWISS if everything else SWISS_CORE) if swiss else (CLASSIC if everything else CLASSIC_CORE)
    for function in wanted:
        if function not in functions:
            print(f"{goroot.name} {name}: no {function}", file=sys.stderr)
            continue
        entry, size = functions[function]
        code = image[entry - address + offset:entry - address + offset + size]
        listing = run([*DISASSEMBLERS[arch], f"--start-address={entry}",
                       f"--stop-address={entry + size}", str(program)])
        targets = {int(word, 16) for word in DIRECT_CALL.findall(listing)}
        dead = sorted(target for target in targets
                      if any(NEVER_RETURNS.match(alias) for alias in names.get(target, ())))
        print(goroot.name, name, function, f"{entry:x}", ",".join(f"{target:x}" for target in dead) or "-",
              code.hex(), flush=True)
        if dump:
            dump.mkdir(parents=True, exist_ok=True)
            lines = []
            for line in listing.splitlines():
                match = re.match(r"\s*([0-9a-f]+):\s+(.*)", line)
                if match:
                    lines.append(f"+0x{int(match.group(1), 16) - entry:x}\t{match.group(1)}\t{match.group(2)}")
            safe = re.sub(r"[^\w.]", "_", function.replace(MAPS, "maps."))
            (dump / f"{goroot.name}-{name}-{safe}.txt").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--arch", choices=sorted(ARCH_BUILDS), default="amd64")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/tmp/gomapd-bodies"))
    parser.add_argument("--dump", type=pathlib.Path)
    parser.add_argument("--only", help="comma-separated toolchains, such as 1.19,1.26")
    options = parser.parse_args()
    for goroot in toolchains():
        if options.only and goroot.name not in options.only.split(","):
            continue
        for name, (_, _, versions, _) in ARCH_BUILDS[options.arch].items():
            if int(goroot.name.split(".")[1]) not in versions:
                continue
            try:
                record(goroot, options.arch, name, options.work, options.dump)
            except subprocess.CalledProcessError as error:
                print(f"{goroot.name} {name}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
