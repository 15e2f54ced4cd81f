#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""Kubernetes, container, Parca, Pyroscope, and the texts of the package. Nothing here
knows Kubernetes' schema (Debian has no tool that does): names and references are
checked, and that what several files say is the same."""

import os
import re
import subprocess
import unittest

import support

PORT = 10435


def setUpModule():
    support.need_yaml()


class Kubernetes(unittest.TestCase):
    def setUp(self):
        self.objects = {one["kind"]: one for one in
                        support.documents(support.DEPLOY / "kubernetes/daemonset.yaml")}
        self.pod = self.objects["DaemonSet"]["spec"]["template"]
        self.container, = self.pod["spec"]["containers"]

    def test_capabilities_are_those_of_the_unit(self):
        capabilities = self.container["securityContext"]["capabilities"]
        self.assertEqual(capabilities["drop"], ["ALL"])
        self.assertEqual(capabilities["add"], support.unit_capabilities())

    def test_each_capability_has_its_reason(self):
        text = (support.DEPLOY / "kubernetes/daemonset.yaml").read_text()
        for name in support.unit_capabilities():
            self.assertRegex(text, rf"(?m)^ +# .*\n +- {name}$")

    def test_has_no_more_than_it_needs(self):
        context = self.container["securityContext"]
        self.assertIs(context["readOnlyRootFilesystem"], True)
        self.assertIs(context["allowPrivilegeEscalation"], False)
        self.assertIs(context["privileged"], False)
        self.assertEqual(context["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertIs(self.pod["spec"]["hostPID"], True)
        self.assertIs(self.pod["spec"]["automountServiceAccountToken"], False)
        self.assertFalse({"hostNetwork", "hostIPC"} & self.pod["spec"].keys())

    def test_mounts_nothing_of_the_node_and_nothing_writable(self):
        volumes = {volume["name"]: volume for volume in self.pod["spec"]["volumes"]}
        for mount in self.container["volumeMounts"]:
            self.assertIs(mount["readOnly"], True)
            self.assertNotIn("hostPath", volumes[mount["name"]])

    def test_references_hold(self):
        labels = self.pod["metadata"]["labels"]
        selector = self.objects["DaemonSet"]["spec"]["selector"]["matchLabels"]
        self.assertLessEqual(selector.items(), labels.items())
        namespace = self.objects["Namespace"]["metadata"]["name"]
        for kind in ("ServiceAccount", "ConfigMap", "DaemonSet"):
            self.assertEqual(self.objects[kind]["metadata"]["namespace"], namespace)
        self.assertEqual(self.pod["spec"]["serviceAccountName"],
                         self.objects["ServiceAccount"]["metadata"]["name"])
        self.assertEqual(self.pod["spec"]["volumes"][0]["configMap"]["name"],
                         self.objects["ConfigMap"]["metadata"]["name"])
        folder = self.container["volumeMounts"][0]["mountPath"]
        key, = self.objects["ConfigMap"]["data"]
        self.assertIn(f"--config={folder}/{key}", self.container["args"])
        support.yaml.safe_load(self.objects["ConfigMap"]["data"][key])

    def test_probes_ask_the_daemon(self):
        port, = self.container["ports"]
        self.assertEqual(port["containerPort"], PORT)
        self.assertIn(f"--web.listen-address=0.0.0.0:{PORT}", self.container["args"])
        for probe, path in (("startupProbe", "/-/healthy"), ("livenessProbe", "/-/healthy"),
                            ("readinessProbe", "/-/ready")):
            self.assertEqual(self.container[probe]["httpGet"],
                             {"path": path, "port": port["name"]})

    def test_limits_are_those_of_the_unit(self):
        unit = (support.DEPLOY / "systemd/gomapd.service").read_text()
        limits = self.container["resources"]["limits"]
        self.assertIn(f"\nMemoryMax={limits['memory'].removesuffix('i')}\n", unit)
        self.assertIn(f"\nCPUQuota={int(limits['cpu']) * 100}%\n", unit)

    def test_monitors_select_the_pods(self):
        monitor, = support.documents(support.DEPLOY / "kubernetes/podmonitor.yaml")
        self.assertLessEqual(monitor["spec"]["selector"]["matchLabels"].items(),
                             self.pod["metadata"]["labels"].items())
        endpoint, = monitor["spec"]["podMetricsEndpoints"]
        self.assertEqual(endpoint["port"], self.container["ports"][0]["name"])


class Container(unittest.TestCase):
    def setUp(self):
        text = (support.DEPLOY / "container/Containerfile").read_text()
        joined = re.sub(r"\\\n\s*", "", text)
        self.lines = [line.split(maxsplit=1) for line in joined.splitlines()
                      if line and not line.startswith("#")]

    def values(self, instruction):
        return [words[1] for words in self.lines if words[0] == instruction]

    def test_stages_are_debian_and_no_registry_is_named(self):
        self.assertEqual(self.values("FROM"),
                         ["debian:bookworm AS build", "debian:bookworm-slim"])

    def test_copies_what_there_is(self):
        for value in self.values("COPY"):
            sources = [word for word in value.split()[:-1]]
            if not sources[0].startswith("--from"):
                for source in sources:
                    self.assertTrue((support.ROOT / source).exists(), source)

    def test_commands_are_shell(self):
        for command in self.values("RUN"):
            check = subprocess.run(["sh", "-n"], input=command, text=True, check=False)
            self.assertEqual(check.returncode, 0, command)
            for script in re.findall(r"\bscripts/\S+\.sh", command):
                self.assertTrue(os.access(support.ROOT / script, os.X_OK), script)

    def test_runs_the_daemon(self):
        self.assertEqual(self.values("ENTRYPOINT"), ['["/usr/sbin/gomapd"]'])
        self.assertEqual(self.values("EXPOSE"), [str(PORT)])
        self.assertEqual(self.values("CMD"),
                         ['["daemon", "--config", "/etc/gomapd/gomapd.yaml"]'])


class Profilers(unittest.TestCase):
    def test_parca_scrapes_growths_and_nothing_else(self):
        config, = support.documents(support.DEPLOY / "parca/parca.yaml")
        job, = config["scrape_configs"]
        self.assertEqual(job["static_configs"], [{"targets": [f"127.0.0.1:{PORT}"]}])
        profiles = job["profiling_config"]["pprof_config"]
        enabled = {name: one for name, one in profiles.items() if one["enabled"]}
        self.assertEqual(enabled, {"mapgrowth": {"enabled": True, "delta": True,
                                                 "path": "/debug/pprof/mapgrowth"}})
        # What Parca asks for of itself, parca pkg/config/config.go: DefaultScrapeConfig.
        self.assertEqual(profiles.keys() - enabled.keys(),
                         {"memory", "block", "goroutine", "mutex", "process_cpu"})
        # It refuses a timeout that is no longer than the interval.
        self.assertGreater(int(job["scrape_timeout"][:-1]), int(job["scrape_interval"][:-1]))

    def test_alloy_scrapes_growths(self):
        text = (support.DEPLOY / "pyroscope/config.alloy").read_text()
        bare = re.sub(r"//.*", "", re.sub(r'"[^"]*"', '""', text))
        for opening, closing in ("{}", "[]"):
            self.assertEqual(bare.count(opening), bare.count(closing))
        self.assertIn(f'"__address__" = "127.0.0.1:{PORT}"', text)
        custom = re.search(r'profile\.custom "mapgrowth" \{(.*?)\}', text, re.S)[1]
        values = dict(re.findall(r"(\w+)\s*=\s*(\S+)", custom))
        self.assertEqual(values, {"enabled": "true", "path": '"/debug/pprof/mapgrowth"',
                                  "delta": "true"})
        seconds = {name: int(value) for name, value in
                   re.findall(r'(\w+)\s*=\s*"(\d+)s"', text)}
        self.assertLess(seconds["delta_profiling_duration"], seconds["scrape_interval"])
        self.assertGreater(seconds["scrape_timeout"], seconds["scrape_interval"])


class Package(unittest.TestCase):
    def setUp(self):
        self.version = re.search(r"project\(gomapd VERSION (\S+)",
                                 (support.ROOT / "CMakeLists.txt").read_text())[1]

    def test_versions_agree(self):
        changelog = (support.DEPLOY / "debian/changelog").read_text()
        self.assertTrue(changelog.startswith(f"gomapd ({self.version}) "))
        self.assertIn(f"image: gomapd:{self.version}\n",
                      (support.DEPLOY / "kubernetes/daemonset.yaml").read_text())

    def test_man_page_has_each_command_and_is_clean(self):
        gomapd = os.environ.get("GOMAPD")
        if not gomapd:
            support.skip("GOMAPD names no program")
        page = (support.DEPLOY / "man/gomapd.8.in").read_text()
        listing = support.run(gomapd, "--help").stdout.split("Subcommands:")[1]
        commands = re.findall(r"(?m)^  ([a-z]+) ", listing)
        self.assertGreater(len(commands), 5)
        for command in commands:
            self.assertRegex(page, rf"(?m)^\.B {command}$")
        if "daemon" in commands:
            options = support.run(gomapd, "daemon", "--help").stdout
            for option in re.findall(r"--((?:web|metrics|log|config|match|exclude)[a-z.\-]*)", options):
                self.assertIn("\\-\\-" + option.replace("-", "\\-"), page)

    def test_configuration_parses(self):
        list(support.documents(support.DEPLOY / "gomapd.yaml"))


if __name__ == "__main__":
    support.main()
