# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""What guests of kernels_test.sh told, held against what their programs counted."""
import base64
import gzip
import json
import re


def unpacked(text):
    """The text of a file that a guest told; empty where it told none, or half of it."""
    try:
        return gzip.decompress(base64.b64decode(text)).decode()
    except (ValueError, OSError, EOFError):
        return ""


def report_of(text):
    """(event lines, summary) of what `gomapd trace --json` wrote."""
    try:
        lines = [json.loads(line) for line in text.splitlines()]
    except ValueError:
        return [], {}
    return (lines[:-1], lines[-1]) if lines and lines[-1].get("event") == "summary" else (lines, {})


def sites(of):
    """{(function, file, line, type): (growths, most keys)}"""
    return {(s["function"], s["file"], s["line"], s["map_type"]): (s["growths"], s["max_keys"])
            for s in of.get("sites", [])}


def differences(name, got, want):
    return [f"{name} {key}: {got.get(key)}, by the program {want.get(key)}"
            for key in sorted({*got, *want}, key=str) if got.get(key) != want.get(key)]


def judge_counts(text, truth):
    """(growths, what is wrong): all of them, by kind and by site."""
    _, summary = report_of(text)
    counts = summary.get("counts", {})
    wrong = [f"{name} {counts.get('growth_' + name)}, by the program {truth.get(name)}"
             for name in ("started", "finished") if counts.get("growth_" + name) != truth.get(name)]
    kinds = {kind: n for kind, n in summary.get("by_kind", {}).items() if n}
    wrong += differences("kind", kinds, truth.get("by_kind", {}))
    wrong += differences("site", sites(summary), sites(truth))
    return truth.get("started", 0), wrong


def line_of(frame):
    return f"{frame['function']} {frame['file']}:{frame['line']}" + (" inlined" if frame["inlined"] else "")


def judge_stacks(text, truth):
    """(stacks, what is wrong): each frame of each as the program's runtime has it.

    As tests/live/stacks_test.cpp does; the runtime's functions are told by a part of
    their names, and of what is too deep only the first frames are kept.
    """
    # Go 1.18 to 1.20 give the runtime the shape's type in generic functions.
    starts = [line for line in report_of(text)[0] if line["event"] == "growth_started"
              and line["map_type"] in ("map[main.key]int", "map[go.shape.int_0]int")]
    wrong = [] if len(starts) == len(truth) else [f"{len(starts)} growths, by the program {len(truth)}"]
    for number, (start, growth) in enumerate(zip(starts, truth)):
        want = growth["inner"] + [line_of(frame) for frame in growth["frames"]]
        got = [line_of(frame) for frame in start["stack"]]
        if start["stack_truncated"]:
            want = want[:len(got)]
        inner = len(growth["inner"])
        same = len(got) == len(want) and all(part in line for part, line in zip(want[:inner], got))
        if not same or got[inner:] != want[inner:]:
            wrong.append(f"stack {number}: {got}, by the program {want}")
    return len(starts), wrong


def judge(program, status, report, truth):
    """(number of what was compared, what is wrong)"""
    if status != "0" or not truth:
        return 0, [f"exit code {status}, " + ("no truth" if not truth else "with a truth")]
    return (judge_stacks if program.startswith("frames") else judge_counts)(report, truth)


class Guest:
    """What one of them told. `runs`: [(program, way, method, number)], 0 where it was wrong."""

    def __init__(self, path):
        self.name = re.sub(".*?log-", "", path)
        self.kernel, self.doctor, self.budget, self.runs, self.said = self.name, None, None, [], []
        self.skipped = self.ended = False
        told = {}
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                name, _, rest = line.strip().partition(" ")
                told[name] = rest
                self.take(name, rest, told)

    def take(self, name, rest, told):
        if name == "@skipped":
            self.skipped = True
        elif name == "@kernel":
            self.kernel = rest
        elif name == "@truth":
            program, way, status, method = (told["@run"].split() + ["", ""])[:4]
            truth = json.loads(unpacked(rest) or "null")
            self.add(program, way, method, judge(program, status, unpacked(told["@report"]), truth))
        elif name == "@daemon-truth":
            program, scraped = (told["@daemon"].split() + [""])[:2]
            scraped = {k: int(v) for k, v in re.findall(r'kind="(\w+)"[^}]*}(\d+)', scraped)}
            kinds = json.loads(unpacked(rest) or "{}").get("by_kind", {})
            self.add(program, "daemon", "", (sum(kinds.values()), differences("kind", scraped, kinds)))
        elif name == "@budget":
            self.budget = rest
        elif name == "@doctor":
            self.doctor = rest
        elif name == "@end":
            self.ended = True
        elif name in ("@said", "@doctor-said"):
            self.said.append(rest)

    def add(self, program, way, method, judged):
        number, wrong = judged
        self.runs.append((program, way, method, 0 if wrong else number))
        self.said += [f"{program} {way}: {one}" for one in wrong[:10]]

    def of(self, way, kind):
        """The runs of one way with programs `kind`-*, and whether all of them were right."""
        runs = [run for run in self.runs if run[1] == way and run[0].startswith(kind)]
        return runs, bool(runs) and all(run[3] for run in runs)
