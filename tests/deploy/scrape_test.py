#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""A real Prometheus scrapes the real daemon, with the rules of deploy/: its totals are
those that Go programs counted of themselves, the alert of a storm fires and resolves,
and the pages are what strict readers of both formats take."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

import support
from prometheus_server import PrometheusServer

CLASSIC, SWISS = ["1.23", "1.22", "1.21"], ["1.26", "1.27", "1.25", "1.24"]
# Programs by what is in front of their names, of which one is hostile.
NAMES = {"truth": b"scrapetest-truth", "requests": b"scrapetest-requests",
         "hostile": b'scrapetest hostile "\\n' + b"\n\xff\x1b[31m{}"}
HOSTILE_LABEL = r'scrapetest hostile "\\n' + r"\\x0a\\xff\\x1b\[31m\{\}~[0-9a-f]{16}"
WORKLOADS = ["sizes", "kinds", "window", "random", "open", "goroutines"]
WARM_UP_SECONDS = 5
OPENMETRICS = "application/openmetrics-text"
# bpf/growth.bpf.h: gm_duration_bucket.
BOUNDS_NS = [1000 * 4 ** i for i in range(13)]
SERVE = "main.(*service).serve"


def substituted(name, *pairs):
    """The text of a file of deploy/prometheus with small things replaced, each once."""
    text = (support.DEPLOY / "prometheus" / name).read_text()
    for old, new in pairs:
        assert text.count(old) == 1, f"{name}: {old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text


class Program:
    """A Go program that waits for orders on its standard input."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.line() == b"ready\n"

    def line(self):
        return self.process.stdout.readline()

    def order(self, byte):
        self.process.stdin.write(byte)
        self.process.stdin.flush()

    def end(self):
        if self.process.returncode is None:
            self.process.communicate(timeout=60)  # the end of its input ends it


class Daemon:
    """gomapd, for our programs only."""

    def __init__(self, gomapd, folder):
        config = folder / "gomapd.yaml"
        # Whatever it costs: a governor that samples would count no longer.
        config.write_text(json.dumps({"storm": {"warm_up": f"{WARM_UP_SECONDS}s"},
                                      "trace": {"max_overhead": "100%"},
                                      "metrics": {"max_sites": 10000}}))
        self.log_path = folder / "gomapd.log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [gomapd, "daemon", "--web.listen-address=127.0.0.1:0", f"--config={config}",
                 "--match-exe=scrapetest*"], stdout=log, stderr=log)
        end = time.monotonic() + 60
        while not (found := re.search(r"listening on (127\.0\.0\.1:\d+)", self.log())):
            if self.process.poll() == 3:
                support.skip(self.log().splitlines()[-1])
            assert self.process.poll() is None and time.monotonic() < end, self.log()
            time.sleep(0.05)
        self.address = found[1]

    def log(self):
        return self.log_path.read_text(errors="replace")

    def page(self, accept="text/plain"):
        """(content type, text) of the metrics."""
        request = urllib.request.Request(f"http://{self.address}/metrics", headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.headers["Content-Type"], answer.read().decode()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            assert self.process.wait(30) == 0, self.log()
        finally:
            self.process.kill()


class Scrape(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        support.need_yaml()
        if os.geteuid() != 0:
            support.skip("tracing needs root")
        gomapd = os.environ.get("GOMAPD") or support.skip("GOMAPD names no program")
        binary = support.prometheus("prometheus")
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        folder = pathlib.Path(cls.folder.name)
        paths = {name: os.path.join(os.fsencode(folder), file) for name, file in NAMES.items()}
        support.go_program(support.ROOT / "tests/truth", paths["truth"], CLASSIC)
        support.go_program(support.ROOT / "tests/truth", paths["hostile"], SWISS)
        support.go_program(support.ROOT / "tests/deploy/requests", paths["requests"], SWISS)

        cls.bytes_of_a_request = int(support.run(paths["requests"], "-bytes").stdout)
        # They have begun before gomapd does: what grew as they did is not counted.
        cls.programs = {}
        for name, path in paths.items():
            truth = ["-wait", "-hold", "-out", folder / name, *WORKLOADS]
            cls.programs[name] = Program(path, *(truth if name != "requests" else []))
            cls.addClassCleanup(cls.programs[name].end)
        cls.daemon = Daemon(gomapd, folder)
        cls.addClassCleanup(cls.daemon.stop)
        cls.prometheus = PrometheusServer(binary, cls.write_config(folder))
        cls.addClassCleanup(cls.prometheus.stop)
        assert cls.prometheus.wait_until(
            lambda: cls.prometheus.value("count(gomapd_growth_storm)") == len(NAMES)), cls.daemon.log()
        cls.since = time.monotonic()
        cls.programs["requests"].order(b"c")

    @classmethod
    def write_config(cls, folder):
        """What deploy/ has, but faster; checked as a whole."""
        (folder / "gomapd.rules.yml").write_text(substituted("gomapd.rules.yml"))
        storm = "expr: gomapd_growth_storm == 1\n        for: "
        (folder / "gomapd.alerts.yml").write_text(
            substituted("gomapd.alerts.yml", (storm + "1m\n", storm + "2s\n")))
        config = folder / "prometheus.yml"
        config.write_text(substituted(
            "prometheus.yml", ("scrape_interval: 30s", "scrape_interval: 1s\n  scrape_timeout: 1s"),
            ("evaluation_interval: 30s", "evaluation_interval: 1s"),
            ("127.0.0.1:10435", cls.daemon.address)))
        checked = support.run(support.prometheus("promtool"), "check", "config", config)
        assert checked.returncode == 0, checked.stdout
        return config

    def until(self, ask, expected):
        """Within a minute ask() says what is expected: a scrape may be late, or fail."""
        said = []

        def holds():
            said[:] = [ask()]
            return said == [expected]

        self.prometheus.wait_until(holds, 60)
        self.assertEqual(said, [expected])

    def exe(self, name):
        """The label of a program."""
        pattern = HOSTILE_LABEL if name == "hostile" else re.escape(NAMES[name].decode())
        found = {labels["exe"] for labels, _ in self.prometheus.series("gomapd_growth_storm")
                 if re.fullmatch(pattern, labels["exe"])}
        self.assertEqual(len(found), 1, found)
        return found.pop()

    def by(self, labels, expression, exe):
        """{label values: value}, without those that are 0."""
        series = self.prometheus.series(f"sum by (exe, {', '.join(labels)}) ({expression})")
        return {tuple(found.get(label, "") for label in labels) if len(labels) > 1 else found[labels[0]]:
                int(value) for found, value in series if found["exe"] == exe and value}

    def total(self, expression, exe):
        return sum(self.by(["job"], expression, exe).values())

    def check_truth(self, exe, truth):
        self.until(lambda: self.by(["kind"], "gomapd_map_growths_total", exe), truth["by_kind"])
        self.until(lambda: self.by(["impl"], "gomapd_map_growths_total", exe),
                         {truth["impl"]: truth["started"]})
        self.until(lambda: self.total("gomapd_map_growth_duration_seconds_count", exe), truth["finished"])
        sites = {}
        for site in truth["sites"]:
            key = (site["function"], site["map_type"])
            sites[key] = sites.get(key, 0) + site["growths"]
        self.until(lambda: self.by(["function", "map_type"], "gomapd_site_growths_total", exe), sites)
        self.until(lambda: self.total("gomapd_site_growth_bytes_total", exe),
                         self.total("gomapd_map_growth_bytes_total", exe))

    def test_counts_are_those_of_the_programs(self):
        for name in ("truth", "hostile"):
            with self.subTest(name):
                program = self.programs[name]
                program.order(b"w")
                self.assertEqual(program.line(), b"done\n")
                truth = json.loads((pathlib.Path(self.folder.name) / name).read_text())
                self.assertGreater(truth["started"], 1000)
                exe = self.exe(name)
                self.check_truth(exe, truth)
                self.until(lambda: self.total("gomapd_map_growths_in_progress", exe), truth["in_progress"])
                # It goes; what it counted stays.
                program.end()
                alive = sum(one.process.poll() is None for one in self.programs.values())
                self.until(lambda: self.prometheus.value('gomapd_processes{state="traced"}'), alive)
                self.check_truth(exe, truth)
                self.until(lambda: self.total("gomapd_map_growths_in_progress", exe), 0)
        for name in ("gomapd_events_lost_total", "gomapd_model_divergences_total"):
            self.until(lambda: self.prometheus.value(name), 0)

    def alerts(self):
        return [(labels["alertname"], labels["exe"]) for labels, _ in
                self.prometheus.series('ALERTS{alertstate="firing",alertname="GoMapGrowthStorm"}')]

    def test_storm_is_told_and_resolves(self):
        program, exe = self.programs["requests"], "scrapetest-requests"
        storm = f'gomapd_growth_storm{{exe="{exe}"}}'
        time.sleep(max(0.0, self.since + WARM_UP_SECONDS + 1 - time.monotonic()))
        self.until(lambda: (self.prometheus.value(storm), self.alerts()), (0, []))

        program.order(b"s")
        self.until(lambda: self.prometheus.value(storm), 1)
        self.until(self.alerts, [("GoMapGrowthStorm", exe)])
        self.until(lambda: self.prometheus.value(f'exe_unit:gomapd_growth_storm:sum{{exe="{exe}"}}'), 1)
        source = (support.ROOT / "tests/deploy/requests/main.go").read_text()
        line = source[:source.index("index[key] =")].count("\n") + 1
        self.assertIn(f"most at {SERVE} (main.go:{line}), map[uint64]main.entry\n", self.daemon.log())

        program.order(b"c")
        self.until(lambda: self.prometheus.value(storm), 0)
        self.until(self.alerts, [])
        self.assertIn(f"{exe}: the growth storm is over", self.daemon.log())

        program.order(b"x")
        truth = json.loads(program.line())
        self.until(lambda: self.by(["kind"], "gomapd_map_growths_total", exe), truth["by_kind"])
        self.until(lambda: self.by(["function", "map_type"], "gomapd_site_growths_total", exe),
                         {(SERVE, "map[uint64]main.entry"): sum(truth["by_kind"].values())})
        # A map's directory, a pointer when it is made, is neither a bucket array nor a table.
        self.until(lambda: self.total("gomapd_map_growth_bytes_total", exe),
                         truth["requests"] * (self.bytes_of_a_request - 8))
        self.check_latencies(truth, exe)
        self.check_series(exe)

    def check_series(self, exe):
        """They are as many as docs/DEPLOYMENT.md says."""
        formula = support.series_formula()

        def count(matchers):
            return self.prometheus.value(f'count({{__name__=~"(gomapd|process)_.+",{matchers}}})')

        self.until(lambda: count(f'exe="{exe}",function=""'), formula.workload)
        self.until(lambda: count('job="gomapd",exe=""'), formula.host)

    def check_latencies(self, truth, exe):
        """Writes are slow where maps grow, and the histogram has just these."""
        def within(durations, bound_ns):
            return sum(count for i, count in enumerate(durations["counts"][:-1]) if 125 << i <= bound_ns)

        grew, others = truth["grew"], truth["others"]
        writes_that_grew, other_writes = sum(grew["counts"]), sum(others["counts"])
        name = "gomapd_map_growth_duration_seconds"
        self.until(lambda: self.total(f"{name}_count", exe), writes_that_grew)
        # A growth lies within its write, on the same clock.
        buckets = {float(labels["le"]): int(value) for labels, value in
                   self.prometheus.series(f'{name}_bucket{{exe="{exe}"}}')}
        for bound in BOUNDS_NS:
            self.assertGreaterEqual(buckets[bound / 1e9], within(grew, bound), bound)
        took = self.prometheus.value(f'{name}_sum{{exe="{exe}"}}')
        self.assertLessEqual(took, grew["sum_ns"] / 1e9)
        self.assertGreater(took, 0)
        # 99 of 100 other writes take less time than half of those that grow.
        usual = next(bound for bound in (125 << i for i in range(30))
                     if within(others, bound) >= 0.99 * other_writes)
        self.assertLess(within(grew, usual), 0.5 * writes_that_grew)
        print(f"99 % of {other_writes:,} writes took at most {usual} ns, of the {writes_that_grew:,} "
              f"that made a map grow {within(grew, usual) / writes_that_grew:.2%}; "
              f"these took {grew['sum_ns'] / 1e9:.3f} s, of which growing {took:.3f} s")

    def test_text_page_is_what_promtool_likes(self):
        kind, page = self.daemon.page()
        self.assertTrue(kind.startswith("text/plain; version=0.0.4"), kind)
        checked = subprocess.run([support.prometheus("promtool"), "check", "metrics"],
                                 input=page, text=True, capture_output=True, check=False)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))

    def test_openmetrics_page_is_what_a_strict_parser_likes(self):
        try:
            from prometheus_client.openmetrics import parser
        except ImportError:
            support.skip("python3-prometheus-client is not installed")
        kind, page = self.daemon.page(OPENMETRICS)
        self.assertTrue(kind.startswith(f"{OPENMETRICS}; version=1.0.0"), kind)
        families = {family.name: family for family in parser.text_string_to_metric_families(page)}
        labels = {sample.labels["exe"] for sample in families["gomapd_growth_storm"].samples}
        self.assertEqual(sum(bool(re.fullmatch(HOSTILE_LABEL, label)) for label in labels), 1, labels)
        self.assertEqual(families["gomapd_map_growth_duration_seconds"].unit, "seconds")
        build, = families["gomapd_build"].samples
        self.assertTrue(os.uname().release.startswith(build.labels["kernel"] + "."))
        self.assertRegex(build.labels["version"], r"^\d+\.\d+\.\d+")

    def test_prometheus_asks_for_openmetrics(self):
        """Only there a metric can be an info, and counters are named without _total."""
        self.until(lambda: [one["type"] for one in self.prometheus.ask(
            "/api/v1/metadata", metric="gomapd_build").get("gomapd_build", [])], ["info"])

    def test_web_server_tells_what_it_refused(self):
        malformed = 'gomapd_http_refused_total{reason="malformed"}'
        self.until(lambda: self.prometheus.value(malformed), 0)
        host, port = self.daemon.address.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as client:
            client.sendall(b"this is no request\r\n\r\n")
            self.assertIn(b" 400 ", client.recv(100))
        self.until(lambda: self.prometheus.value(malformed), 1)
        self.assertGreater(self.prometheus.value("gomapd_http_requests_total"), 0)


if __name__ == "__main__":
    support.main()
