#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""A real Prometheus scrapes the pages of 100 simulated hosts: series, samples and
bytes are what docs/DEPLOYMENT.md works out, and the recording rules make of them
what does not grow with the number of hosts."""

import gzip
import http.server
import json
import os
import re
import subprocess
import tempfile
import threading
import unittest

import support
from prometheus_server import PrometheusServer

HOSTS = 100
# The host that the document calls usual.
WORKLOADS = 20
SITES = 60
# The series of a workload that the rules make of it, less its sites.
ROLES = ["evacuate", "growth_end", "growth_start", "sampled"]
# bpf/growth.bpf.h: gm_duration_bucket; 1 us times 4 to the n, and +Inf.
BOUNDS = [f"{4 ** i / 1e6:g}" for i in range(13)] + ["+Inf"]


def identity(i):
    unit = f"service-{i}.service" if i % 2 else ""
    container = "" if i % 2 else f"{i:064x}"
    return f'exe="service-{i}",unit="{unit}",container_id="{container}"'


def page(workloads=WORKLOADS, sites=SITES):
    """What such a host serves: every series that a Swiss workload can have."""
    families = {}

    def add(kind, name, labels, value, family=None):
        families.setdefault((family or name, kind), []).append(f"{name}{{{labels}}} {value}")

    for i in range(workloads):
        who = identity(i)
        for kind in ("to_table", "table_double", "split"):
            add("counter", "gomapd_map_growths_total", f'{who},impl="swiss",kind="{kind}"', 123456 + i)
        add("counter", "gomapd_map_growths_estimated_total", f'{who},impl="swiss"', 0)
        add("gauge", "gomapd_map_growths_estimated_error", who, 0)
        add("gauge", "gomapd_map_growths_in_progress", who, 0)
        add("counter", "gomapd_map_growth_bytes_total", who, 987654321 + i)
        add("counter", "gomapd_map_growth_bytes_estimated_total", who, 0)
        add("counter", "gomapd_map_evacuated_buckets_total", who, 0)
        name = "gomapd_map_growth_duration_seconds"
        for j, bound in enumerate(BOUNDS):
            add("histogram", f"{name}_bucket", f'{who},impl="swiss",le="{bound}"', 1000 * j, name)
        add("histogram", f"{name}_sum", f'{who},impl="swiss"', 12.345678, name)
        add("histogram", f"{name}_count", f'{who},impl="swiss"', 13000, name)
        add("gauge", "gomapd_growth_storm", who, 0)
        add("gauge", "gomapd_overhead_ratio", who, 0.00123)
        add("gauge", "gomapd_detail_level", who, 1)
    for i in range(sites):
        where = (f'{identity(i % workloads)},function="example/internal/service.(*handler).serve{i}",'
                 'map_type="map[string]*service.entry"')
        add("counter", "gomapd_site_growths_total", where, 54321 + i)
        add("counter", "gomapd_site_growth_bytes_total", where, 987654 + i)
        for name in ("gomapd_site_max_keys", "gomapd_tracked_map_keys",
                     "gomapd_tracked_map_load_factor_ratio", "gomapd_tracked_map_overflow_buckets"):
            add("gauge", name, where, 0.75)
    for state in ("traced", "skipped", "failed"):
        add("gauge", "gomapd_processes", f'state="{state}"', 0 if state == "failed" else 1)
    for role in ROLES:
        add("counter", "gomapd_probe_hits_total", f'role="{role}"', 1)
    for reason in ("kernel", "malformed", "permission", "reader_failed", "system", "unsupported"):
        add("counter", "gomapd_attach_failures_total", f'reason="{reason}"', 0)
    for limit in ("counters", "process_events", "sites", "stacks", "workloads"):
        add("counter", "gomapd_limit_hits_total", f'limit="{limit}"', 0)
    for reason in ("busy", "connections", "guesses", "handshake", "malformed", "origin", "rate_limit",
                   "timeout", "unauthorized"):
        add("counter", "gomapd_http_refused_total", f'reason="{reason}"', 0)
    for name in ("events_lost", "model_divergences", "http_requests", "reader_workshops_lost",
                 "web_config_refused"):
        add("counter", f"gomapd_{name}_total", "", 0)
    add("gauge", "gomapd_max_overhead_ratio", "", 0.01)
    add("gauge", "gomapd_build_info", 'version="0.1.0",kernel="6.12.1",attach_method="uprobe_multi"', 1)
    add("counter", "process_cpu_seconds_total", "", 1.5)
    for name in ("resident_memory_bytes", "virtual_memory_bytes", "open_fds", "max_fds",
                 "start_time_seconds"):
        add("gauge", f"process_{name}", "", 1e8)
    lines = []
    for (family, kind), rows in families.items():
        lines += [f"# HELP {family} As METRICS.md says.", f"# TYPE {family} {kind}", *rows]
    return "\n".join(lines).replace("{}", "") + "\n"


def series_in(text):
    return sum(not line.startswith("#") for line in text.splitlines())


def series_by_document(workloads, sites):
    """The formula in docs/DEPLOYMENT.md, which scrape_test.py holds against a real page."""
    formula = support.series_formula()
    return formula.workload * workloads + formula.site * sites + formula.host


class Handler(http.server.BaseHTTPRequestHandler):
    body = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_):
        pass


class Fleet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        support.need_yaml()
        binary = support.prometheus("prometheus")
        cls.page = page()
        Handler.body = gzip.compress(cls.page.encode())
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.folder = tempfile.TemporaryDirectory()
        target = f"127.0.0.1:{cls.server.server_port}"
        config = support.documents(support.DEPLOY / "prometheus/prometheus.yml")[0]
        config["global"] = {"scrape_interval": "5s", "scrape_timeout": "5s", "evaluation_interval": "5s"}
        config["rule_files"] = [str(support.DEPLOY / "prometheus" / name) for name in config["rule_files"]]
        config["scrape_configs"][0]["static_configs"] = [
            {"targets": [target], "labels": {"instance": f"host-{i}"}} for i in range(HOSTS)]
        path = os.path.join(cls.folder.name, "prometheus.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)  # JSON is YAML
        cls.prometheus = PrometheusServer(binary, path)
        # Until all hosts were scraped twice and the rules have seen them.
        if not cls.prometheus.wait_until(lambda: (
                cls.prometheus.value("job:gomapd_hosts_up:sum") == HOSTS
                and cls.prometheus.value("count(exe_unit:gomapd_map_growths:rate5m)") == WORKLOADS
                and cls.prometheus.value("min(exe_unit:gomapd_hosts:count)") == HOSTS)):
            raise AssertionError("the rules saw no 100 hosts in two minutes")

    @classmethod
    def tearDownClass(cls):
        cls.prometheus.stop()
        cls.server.shutdown()
        cls.folder.cleanup()

    def expect(self, expression, value):
        """It comes to that value: each group of rules is evaluated at a time of its own."""
        self.prometheus.wait_until(lambda: self.prometheus.value(expression) == value, 30)
        self.assertEqual(self.prometheus.value(expression), value)

    def test_a_page_is_what_promtool_likes(self):
        result = subprocess.run([support.prometheus("promtool"), "check", "metrics"],
                                input=self.page, text=True, capture_output=True, check=False)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_a_page_has_each_metric(self):
        # Not where nothing is ever sampled.
        for name in support.known_metrics() - {"gomapd_site_growths_estimated_total"}:
            self.assertTrue(f"\n{name}" in self.page, name)

    def test_series_are_as_documented(self):
        self.assertEqual(series_in(self.page), series_by_document(WORKLOADS, SITES))
        self.expect('count({job="gomapd",instance!="",__name__!~"up|scrape_.*|ALERTS.*"})',
                    HOSTS * series_in(self.page))
        self.expect("job:gomapd_samples:sum", HOSTS * series_in(self.page))

    def test_sizes_are_as_documented(self):
        """The document rounds up; a page twice as large as it says would be news."""
        text = (support.ROOT / "docs/DEPLOYMENT.md").read_text()
        rows = re.findall(r"^\| \w+ \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) KB \| ([\d,]+) KB \|",
                          text, re.M)
        self.assertEqual(len(rows), 2)
        for row in rows:
            workloads, sites, series, plain, zipped = (int(cell.replace(",", "")) for cell in row)
            made = page(workloads, sites)
            self.assertEqual(series_in(made), series)
            self.assertLess(len(made), plain * 1000)
            self.assertGreater(len(made), plain * 500)
            self.assertLess(len(gzip.compress(made.encode())), zipped * 1000)

    def test_recorded_series_do_not_grow_with_hosts(self):
        self.expect("count(exe_unit_function_map_type:gomapd_site_growths:rate5m)", SITES)
        recorded = self.prometheus.value('count({__name__=~".+:gomapd_.+"})')
        # Per workload 7 and the buckets, per site 3, and a handful for the fleet.
        self.assertLessEqual(recorded, (7 + len(BOUNDS)) * WORKLOADS + 3 * SITES + 16)

    def test_no_alert_on_quiet_hosts(self):
        self.assertEqual(self.prometheus.ask("/api/v1/alerts")["alerts"], [])


if __name__ == "__main__":
    support.main()
