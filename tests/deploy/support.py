# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""What the tests of deploy/ share: where things are, and how to skip by name."""

import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"

try:
    import yaml
except ImportError:
    yaml = None


def skip(reason):
    """Skips the test that runs, or the module, by its reason."""
    raise unittest.SkipTest(reason)


def need_yaml():
    if yaml is None:
        skip("python3-yaml is not installed")


def need_tool(name):
    path = shutil.which(name)
    return path or skip(f"{name} is not installed")


def prometheus(tool):
    """The path of `prometheus` or `promtool`, of Debian's package, fetched if need be."""
    run = subprocess.run([ROOT / "scripts/targets.sh", "prometheus"], text=True, timeout=600,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode != 0:
        skip("prometheus is not to be had: " + run.stderr.strip().splitlines()[-1])
    path = pathlib.Path(run.stdout.split()[1]).with_name(tool)
    return str(path) if path.exists() else skip(f"Debian's prometheus has no {tool}")


def cache_folder():
    """Where scripts/lib.sh keeps toolchains."""
    own, xdg = os.environ.get("GOMAPD_CACHE"), os.environ.get("XDG_CACHE_HOME")
    return pathlib.Path(own or (f"{xdg}/gomapd" if xdg else pathlib.Path.home() / ".cache/gomapd"))


def go_program(sources, to, versions):
    """Builds the Go program in a folder by the first of the versions that is at hand."""
    cache = cache_folder()
    root = next((cache / "go" / version for version in versions
                 if (cache / "go" / version / "bin/go").exists()), None)
    if root is None:
        skip(f"no toolchain of Go {', '.join(versions)}: scripts/go-toolchains.sh fetches them")
    built = run(root / "bin/go", "build", "-trimpath", "-o", to, ".", cwd=sources, env={
        **os.environ, "GOROOT": str(root), "GO111MODULE": "off", "GOFLAGS": "", "GOEXPERIMENT": "",
        "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOCACHE": str(cache / "go-build"),
        "GOPATH": str(cache / "go-path")})
    assert built.returncode == 0, built.stdout


def run(*command, **options):
    """Runs a command; its output and errors come together."""
    return subprocess.run([os.fsdecode(word) for word in command], text=True, timeout=300,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


Formula = collections.namedtuple("Formula", "workload site host")


def series_formula():
    """How many series a host has, by docs/DEPLOYMENT.md."""
    found = re.search(r"series of a host = (\d+) × workloads \+ (\d+) × sites \+ (\d+)",
                      (ROOT / "docs/DEPLOYMENT.md").read_text())
    return Formula(*map(int, found.groups()))


def promised_metrics():
    """The names that no release takes away."""
    lines = (pathlib.Path(__file__).with_name("metric_names.txt")).read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def known_metrics():
    """The names of the metrics that the daemon serves: METRICS.md is made of the one
    table that defines them."""
    page = ROOT / "METRICS.md"
    if page.exists():
        return set(re.findall(r"`(gomapd_[a-z0-9_]+)[`{]", page.read_text()))
    return promised_metrics()


def unit_capabilities(directive="CapabilityBoundingSet"):
    """The capabilities in deploy/systemd/gomapd.service, without CAP_."""
    text = (DEPLOY / "systemd/gomapd.service").read_text()
    found = re.findall(rf"^{directive}=(.*)$", text, re.MULTILINE)
    assert len(found) == 1, f"one line {directive}= expected, {len(found)} found"
    return [word.removeprefix("CAP_") for word in found[0].split()]


def main():
    """Runs the tests of the calling module. Exit code: 0 passed, 1 failed, 77 some
    could not be run: each with its reason, in the form that scripts/test.sh reads."""
    os.environ["LC_ALL"] = "C"
    result = unittest.main(module="__main__", verbosity=2, exit=False).result
    for test, reason in result.skipped:
        print(f"{test.id().removeprefix('__main__.')}: Skipped\n{reason}")
    sys.exit(1 if not result.wasSuccessful() else 77 if result.skipped else 0)
