#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""Rules, scrape examples and the dashboard: Prometheus's own tool accepts them, and
every expression in them and in the documents reads metrics that there are."""

import json
import pathlib
import re
import tempfile
import unittest

import support

FOLDER = support.DEPLOY / "prometheus"
DASHBOARD = support.DEPLOY / "grafana/gomapd.json"
RULE_FILES = sorted(FOLDER.glob("gomapd.[ra]*.yml"))
# What Prometheus adds to each scrape, and a client library to each process.
FOREIGN = r"up|scrape_[a-z_]+|process_[a-z_]+"
# Labels that the daemon, Prometheus and histograms have.
LABELS = set("exe unit container_id pid impl kind function map_type state role reason limit "
             "version kernel attach_method le job instance".split())
# Grafana's variables, as values of which the expression can be read.
GRAFANA = {"$__rate_interval": "5m", "$__range": "1h", "$top": "10", "$job": ".*",
           "$instance": ".*", "$exe": ".*", "$unit": ".*", "$container": ".*"}


def setUpModule():
    support.need_yaml()


def rules():
    for path in RULE_FILES:
        for document in support.documents(path):
            for group in document["groups"]:
                yield from group["rules"]


def panels():
    dashboard = json.loads(DASHBOARD.read_text())
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def dashboard_expressions():
    for panel in panels():
        for target in panel.get("targets", []):
            yield f"panel '{panel['title']}'", target["expr"]
    for variable in json.loads(DASHBOARD.read_text())["templating"]["list"]:
        query = variable.get("query")
        if variable["type"] == "query":
            selector = re.fullmatch(r"label_values\((.*), (\w+)\)", query["query"])
            yield f"variable '{variable['name']}'", f"count by ({selector[2]}) ({selector[1]})"


def rule_expressions():
    for rule in rules():
        yield f"rule '{rule.get('record') or rule['alert']}'", rule["expr"]
        # An alert's text tells queries to run, with its labels filled in.
        for query in re.findall(r"topk\(.*\)", rule.get("annotations", {}).get("description", "")):
            yield f"text of '{rule['alert']}'", re.sub(r"\{\{[^}]*\}\}", "x", query)


def document_expressions():
    for path in [support.ROOT / "README.md", support.ROOT / "METRICS.md",
                 *sorted((support.ROOT / "docs").glob("*.md"))]:
        if path.exists():
            for block in re.findall(r"^```promql\n(.*?)^```", path.read_text(), re.M | re.S):
                for expression in re.split(r"\n\s*\n", block.strip()):
                    yield path.name, re.sub(r"(?m)#.*$", "", expression)


def expressions():
    """(where, expression) of all, with Grafana's variables replaced."""
    for where, expression in [*rule_expressions(), *dashboard_expressions(),
                              *document_expressions()]:
        for variable, value in GRAFANA.items():
            expression = expression.replace(variable, value)
        yield where, expression


class Names(unittest.TestCase):
    def test_each_metric_exists(self):
        known = support.known_metrics()
        recorded = {rule["record"] for rule in rules() if "record" in rule}
        self.assertLessEqual(support.promised_metrics(), known)
        for where, expression in expressions():
            bare = re.sub(r'"[^"]*"', '""', expression)
            for name in re.findall(r"\b(?:[a-z_]+:)?gomapd_[a-z0-9_:]+", bare):
                base = re.sub(r"_(bucket|sum|count)$", "", name)
                self.assertTrue({name, base} & (known | recorded), f"{where}: no metric {name}")
            for name in re.findall(r"\b([a-z_]+)\{", bare):
                self.assertRegex(name, rf"^(gomapd_\w+|{FOREIGN})$", where)

    def test_each_label_exists(self):
        for where, expression in expressions():
            used = set(re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"', expression))
            for group in re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", expression):
                used |= {label.strip() for label in group.split(",")}
            self.assertLessEqual(used, LABELS, where)

    def test_dashboard_shows_each_promised_metric(self):
        shown = " ".join(expression for _, expression in dashboard_expressions())
        for name in support.promised_metrics():
            self.assertIn(name, shown)

    def test_recorded_names_follow_the_convention(self):
        for rule in rules():
            if "record" in rule:
                self.assertRegex(rule["record"], r"^[a-z_]+:gomapd_[a-z_]+:[a-z0-9_]+$")


class Promtool(unittest.TestCase):
    def promtool(self, *arguments):
        result = support.run(support.prometheus("promtool"), *arguments)
        self.assertEqual(result.returncode, 0, result.stdout)
        return result.stdout

    def test_rules_are_valid(self):
        self.promtool("check", "rules", *RULE_FILES)

    def test_rules_do_what_they_should(self):
        self.promtool("test", "rules", FOLDER / "gomapd.tests.yml")

    def test_each_rule_has_a_test(self):
        tests = (FOLDER / "gomapd.tests.yml").read_text()
        for rule in rules():
            name = rule.get("record") or rule["alert"]
            needle = f"expr: {name}\n" if "record" in rule else f"alertname: {name}\n"
            if name != "exe_unit_le:gomapd_map_growth_duration_seconds_bucket:rate5m":  # by the p99
                self.assertIn(needle, tests)

    def test_scrape_example_is_valid(self):
        self.promtool("check", "config", FOLDER / "prometheus.yml")

    def test_kubernetes_example_is_valid(self):
        """Debian builds Prometheus without Kubernetes: the rest is checked."""
        text = (FOLDER / "kubernetes.yml").read_text()
        without = re.sub(r"    kubernetes_sd_configs:\n(      .*\n)+", "", text)
        self.assertNotEqual(without, text)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "prometheus.yml"
            path.write_text(without)
            self.promtool("check", "config", path)

    def test_each_expression_parses(self):
        found = list(expressions())
        self.assertGreater(len(found), 50)
        entries = [{"record": f"expression_{i}", "expr": expression,
                    "labels": {"where": where.replace("'", "")}}
                   for i, (where, expression) in enumerate(found)]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "expressions.yml"
            path.write_text(json.dumps({"groups": [{"name": "all", "rules": entries}]}))
            output = self.promtool("check", "rules", path)
        self.assertIn(f"{len(found)} rules found", output)


class Dashboard(unittest.TestCase):
    def test_is_importable(self):
        dashboard = json.loads(DASHBOARD.read_text())
        self.assertEqual(dashboard["uid"], "gomapd")
        self.assertNotIn("id", dashboard)  # a new one on each server
        variables = [variable["name"] for variable in dashboard["templating"]["list"]]
        self.assertEqual(variables,
                         ["datasource", "job", "instance", "exe", "unit", "container", "top"])
        # Empty labels are normal: "All" must match them too.
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                self.assertEqual(variable["allValue"], ".*")

    def test_reads_the_chosen_data_source(self):
        text = DASHBOARD.read_text()
        self.assertEqual(set(re.findall(r'"uid": "([^"]*)"', text)), {"gomapd", "${datasource}"})

    def test_panels_do_not_overlap(self):
        taken = set()
        identifiers = set()
        for panel in panels():
            self.assertNotIn(panel["id"], identifiers)
            identifiers.add(panel["id"])
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24)
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(cells & taken, panel["title"])
            taken |= cells

    def test_uses_no_unknown_variable(self):
        for where, expression in expressions():
            self.assertNotIn("$", expression, where)


if __name__ == "__main__":
    support.main()
