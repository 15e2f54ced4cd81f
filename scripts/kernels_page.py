# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""kernels_page.py PAGE LOG...

Judges what guests of kernels_test.sh said, prints it, and puts the table between
the marks of PAGE (or at its end). Exit code 1: a run was not exact, or is missing.
"""
import json
import re
import sys

BEGIN, END = "<!-- kernels: begin -->", "<!-- kernels: end -->"
WAYS = ("best", "perf_event", "no_cookies", "daemon")


def facts(text, started, finished):
    """(started, finished, {kind: growths}) of what a guest told; None if it did not."""
    totals = re.search(rf'"{started}":(\d+),"{finished}":(\d+)', text)
    kinds = re.search(r'"by_kind":({.*?})', text)
    if not totals or not kinds:
        return None
    return (*map(int, totals.groups()), {k: v for k, v in json.loads(kinds[1]).items() if v})


def read(path):
    """The kernel, its runs [(program, way, method, growths or None)], doctor's code."""
    kernel, doctor, runs, said = path.rsplit("-", 1)[-1], None, [], []
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            name, _, rest = line.strip().partition(" ")
            if name == "@skipped":
                return kernel, None, None, []
            if name == "@kernel":
                kernel = rest
            elif name == "@run":
                program, way, status, method = (rest.split() + [""])[:4]
            elif name == "@counted":
                counted = facts(rest, "growth_started", "growth_finished")
            elif name == "@truth":
                truth = facts(rest, "started", "finished")
                exact = status == "0" and truth is not None and truth[0] > 0 and counted == truth
                runs.append((program, way, method, truth[0] if exact else None))
                if not exact:
                    said.append(f"{program} {way}: counted {counted}, truth {truth}, exit {status}")
            elif name == "@daemon":
                program, scraped = (rest.split() + [""])[:2]
                scraped = {k: int(v) for k, v in re.findall(r'kind="(\w+)"[^}]*}(\d+)', scraped)}
            elif name == "@daemon-truth":
                kinds = json.loads(rest.partition(":")[2] or "{}")
                exact = bool(kinds) and scraped == kinds
                runs.append((program, "daemon", "", sum(kinds.values()) if exact else None))
                if not exact:
                    said.append(f"{program} daemon: scraped {scraped}, truth {kinds}")
            elif name == "@doctor":
                doctor = rest
            elif name in ("@said", "@doctor-said"):
                said.append(rest)
    return kernel, runs, doctor, said


def main():
    page, logs = sys.argv[1], sys.argv[2:]
    rows, good = [], True
    for path in logs:
        kernel, runs, doctor, said = read(path)
        if runs is None:
            rows.append(f"| {kernel} | – | – | – | – | could not be had |")
            continue
        cells = []
        for way in WAYS:
            of_way = [run for run in runs if run[1] == way]
            exact = bool(of_way) and all(run[3] for run in of_way)
            good &= exact
            method = ", ".join(sorted({run[2] for run in of_way}))
            cells.append((f"{method}: " if method else "") + (", ".join(str(r[3]) for r in of_way) if exact else "**wrong**"))
        good &= doctor == "0"
        rows.append(f"| {kernel} | {' | '.join(cells)} | {'can trace' if doctor == '0' else '**fails**'} |")
        if not all(run[3] for run in runs) or not runs or doctor != "0":
            print("\n".join([f"{kernel}:", *said]))
    print("\n".join(rows))
    section = "\n".join([
        BEGIN, "## Kernels", "",
        "One build, booted with Debian's kernels for amd64 in an emulator (`make test-kernels`): the "
        "growths that the truth program counted itself, built by Go 1.23 (classic) and Go 1.26 (Swiss), "
        "each of them counted by `gomapd trace` and by the daemon, by kind, to the unit.", "",
        "| kernel | by default | `--perf-uprobes` | as before 5.15, without cookies | daemon, scraped | `gomapd doctor` |",
        "| --- | --- | --- | --- | --- | --- |", *rows, END, ""])
    with open(page, encoding="utf-8") as file:
        text = file.read()
    if BEGIN in text:
        text = text[:text.index(BEGIN)] + section + text[text.index(END) + len(END) + 1:]
    else:
        text = (text.rstrip("\n") + "\n\n" if text else "") + section
    with open(page, "w", encoding="utf-8") as file:
        file.write(text)
    return 0 if good else 1


sys.exit(main())
