# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""kernels_page.py PAGE LOG...

Judges what guests of kernels_test.sh told, prints it, and puts the table between
the marks of PAGE (or at its end). Exit code 1: a run was not exact, or is missing.
"""
import sys

from kernels_judge import Guest

BEGIN, END = "<!-- kernels: begin -->", "<!-- kernels: end -->"
WAYS = ("best", "perf_event", "no_cookies")


def cell_of(guest, way, kind):
    """What the table says of it, and whether it is good."""
    runs, exact = guest.of(way, kind)
    method = ", ".join(sorted({run[2] for run in runs if run[2]}))
    numbers = ", ".join(str(run[3]) for run in runs) if exact else "**wrong**"
    return (f"{method}: " if method else "") + numbers, exact


def row_of(guest):
    if guest.skipped:
        return f"| {guest.name} | – | – | – | – | – | – | could not be had |", True
    cells = [cell_of(guest, way, "truth") for way in (*WAYS, "daemon")]
    # One number for all ways: a way changes nothing of a stack.
    stacks = [cell_of(guest, way, "frames") for way in WAYS]
    good = all(one[1] for one in cells + stacks) and guest.doctor == "0" and guest.ended
    # Only amd64's guests have the test of it.
    good &= guest.budget in (None, "0")
    budget = {None: "–", "0": "kept"}.get(guest.budget, "**exceeded**")
    all_stacks = ", ".join(str(run[3]) for run in guest.of("best", "frames")[0])
    cells.append((all_stacks if all(one[1] for one in stacks) else "**wrong**", True))
    doctor = "can trace" if guest.doctor == "0" else "**fails**"
    return f"| {guest.kernel} | {' | '.join(one[0] for one in cells)} | {budget} | {doctor} |", good


def main():
    page, logs = sys.argv[1], sys.argv[2:]
    rows, good = [], True
    for guest in map(Guest, logs):
        row, is_good = row_of(guest)
        rows.append(row)
        good &= is_good
        if not is_good:
            print("\n".join([f"{guest.kernel}:", *guest.said]))
    print("\n".join(rows))
    section = "\n".join([
        BEGIN, "## Kernels", "",
        "Booted with Debian's kernels for amd64 and arm64 in an emulator (`make test-kernels`), one build "
        "for each machine: the growths that the truth program counted itself, built by Go 1.23 (classic) and "
        "Go 1.26 (Swiss), each of them counted by `gomapd trace`, by kind, type, function and line, and by the "
        "daemon, by kind, to the unit. Stacks: those of growths that another program had from "
        "`runtime.Callers`, each frame of each the same, in all three ways to attach. On arm64, where "
        "`make support` does not run, what is attached by default are programs of Go 1.21 to 1.27, in this order. Budget: of "
        "instructions that the kernel runs and, from 5.16 on, that its verifier walks, for each BPF program "
        "(tests/unit/daemon/kernel/program_budget_test.cpp).", "",
        "| kernel | by default | `--perf-uprobes` | as before 5.15, without cookies | daemon, scraped | stacks | budget | `gomapd doctor` |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |", *rows, END, ""])
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
