#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""The page of the real daemon, with real Go programs: what it shows is what they do."""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from browser import Browser, Keys, need_browser
from testing import main

GOMAPD = os.environ.get("GOMAPD", "build/gomapd")
SHOP = pathlib.Path(__file__).resolve().parent / "shop"
CACHE = pathlib.Path(os.environ.get("GOMAPD_CACHE")
                     or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "gomapd")
NOT_THERE = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "ERR_SOCKET_NOT_CONNECTED")


def toolchain(*versions):
    """The first of these Go releases that is at hand."""
    for version in versions:
        root = CACHE / "go" / version
        if (root / "bin/go").exists():
            return root
    raise unittest.SkipTest("none of these Go toolchains is here: " + ", ".join(versions))


def build_shop(root, target):
    environment = {**os.environ, "GOROOT": str(root), "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOFLAGS": "",
                   "GO111MODULE": "off", "GOCACHE": str(CACHE / "go-build")}
    built = subprocess.run([root / "bin/go", "build", "-o", target, "."], cwd=SHOP, env=environment,
                           text=True, capture_output=True, timeout=250)
    if built.returncode != 0:
        raise AssertionError(built.stderr)


class Process:
    """A child whose lines are read as they come; it is ended by its own PID."""

    def __init__(self, *command):
        self.child = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, bufsize=1)
        self.lines = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.child.stdout:
            self.lines.append(line)

    def wait_for(self, pattern):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            found = re.search(pattern, "".join(self.lines))
            if found:
                return found
            if self.child.poll() is not None and not self.reader.is_alive():
                break
            time.sleep(0.02)
        raise AssertionError(f"no {pattern!r} in {''.join(self.lines)!r}")

    def end(self):
        self.child.stdin.close()
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.reader.join(5)
        self.child.stdout.close()


class RealDaemon(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        need_browser()
        if os.geteuid() != 0:
            raise unittest.SkipTest("tracing needs root")
        cls.folder = tempfile.TemporaryDirectory(prefix="gomapd-page-")
        cls.addClassCleanup(cls.folder.cleanup)
        # Names of their own: nobody else runs them, and nothing else is traced.
        cls.classic = pathlib.Path(cls.folder.name) / "pageshop-classic"
        cls.swiss = pathlib.Path(cls.folder.name) / "pageshop-swiss"
        build_shop(toolchain("1.23", "1.22", "1.21", "1.19"), cls.classic)
        build_shop(toolchain("1.26", "1.27", "1.25", "1.24"), cls.swiss)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def start_daemon(self, address="127.0.0.1:0", pattern="pageshop-*"):
        if not pathlib.Path(GOMAPD).exists():
            self.skipTest(f"{GOMAPD} is not built")
        # Nothing is sampled: what is looked for below has been counted.
        config = pathlib.Path(self.folder.name) / "gomapd.yaml"
        config.write_text("trace: {max_overhead: 100%}\n")
        daemon = Process(GOMAPD, "daemon", "--config", config, "--web.listen-address", address, "--match-exe", pattern)
        self.addCleanup(daemon.end)
        try:
            self.address = daemon.wait_for(r"listening on (127\.0\.0\.1:\d+)")[1]
        except AssertionError as error:
            if daemon.child.poll() == 3:
                self.skipTest("tracing is not possible here: " + str(error))
            raise
        return daemon

    def start_shop(self, program):
        shop = Process(program)
        self.addCleanup(shop.end)
        shop.wait_for("ready")
        return shop

    def get(self, path, accept="*/*", **headers):
        request = urllib.request.Request(f"http://{self.address}{path}", headers={"Accept": accept, **headers})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read().decode()

    def test_page(self):
        browser = self.browser
        daemon = self.start_daemon()
        browser.open(f"http://{self.address}/")
        browser.until(lambda: "No Go process yet" in browser.text("#empty"), "the empty state")
        browser.keep("real-empty")

        classic, swiss = self.start_shop(self.classic), self.start_shop(self.swiss)
        browser.until(lambda: set(browser.rows()) == {"pageshop-classic", "pageshop-swiss"}, "both programs")
        browser.keys("2")
        wanted = {"main.parseForm", "main.(*pricer).index", "main.(*cart).put"}
        browser.until(lambda: wanted <= set(browser.rows()), "their sites")
        self.assertIn("shop/main.go:", browser.text("#view .row"))
        self.check_figures()
        self.check_site()
        self.check_flame_graph()
        self.check_migration(classic.child.pid)
        browser.keys("1")
        self.assertEqual(browser.errors(), [])
        self.check_restart(daemon)
        swiss.end()
        classic.end()

    def check_figures(self):
        """What is shown is what the daemon says."""
        browser = self.browser
        browser.keys("1")
        browser.until(lambda: len(browser.rows()) == 2, "workloads")

        def same():
            rows = json.loads(self.get("/api/v1/workloads")[2])["workloads"]
            growths = sum(row["growths"] for row in rows)
            shown = int(browser.text("[data-tile=growths] dd").replace(",", ""))
            return growths > 0 and 0.5 * growths < shown <= growths
        browser.until(same, "the growths that the daemon counts")
        browser.until(lambda: "go1." in browser.text("[data-tile=processes]"), "Go's versions")

    def check_site(self):
        browser = self.browser
        browser.keys("2", "/")
        browser.keys("pricer classic")
        browser.until(lambda: browser.rows() == ["main.(*pricer).index"], "one site")
        browser.keys(Keys.ENTER, Keys.ENTER)
        browser.until(lambda: browser.text(".detail h2") == "main.(*pricer).index", "the site")
        browser.until(lambda: {"main.main", "main.order", "main.(*pricer).index", "map[main.sku]main.price"}
                      <= set(browser.texts(".box")), "its stacks")
        browser.keep("real-site")
        browser.keys(Keys.ESCAPE, Keys.ESCAPE)
        browser.until(lambda: len(browser.rows()) > 1, "sites again")

    def check_flame_graph(self):
        browser = self.browser
        browser.keys("3")
        browser.until(lambda: "main.parseForm" in browser.texts(".box"), "boxes")
        browser.keys("b")
        browser.until(lambda: "iB" in browser.text(".told").split(",")[0], "bytes first")
        browser.keep("real-flame")

    def check_migration(self, pid):
        browser = self.browser
        browser.keys("4", "/")
        browser.keys(f"put classic {pid}")
        browser.until(lambda: len(browser.rows()) == 1 and "map[uint64]*main.price" in browser.rows(), "the map that only grows")
        browser.keys(Keys.ENTER, Keys.ENTER)
        browser.until(lambda: "buckets" in browser.text("[data-array=current] h3"), "its picture")
        seen = set()

        def moves():
            title = browser.text("[data-array=old] h3")
            if "moved" in title:
                if not seen or len(seen) == 3:
                    browser.keep("real-migration")
                seen.add(title)
            return len(seen) > 2 and any("have moved" in text for text in browser.texts(".events li"))
        browser.until(moves, "a growth that is seen moving, to its end")

    def check_restart(self, daemon):
        browser = self.browser
        address = self.address
        daemon.end()
        browser.until(lambda: "has not answered since" in browser.text("#connection"), "the error state")
        self.assertEqual(set(browser.rows()), {"pageshop-classic", "pageshop-swiss"})
        self.start_daemon(address)
        browser.until(lambda: not browser.sees("#connection"), "the new daemon")
        browser.until(lambda: set(browser.rows()) == {"pageshop-classic", "pageshop-swiss"}, "its workloads")
        self.assertEqual(browser.errors(but=NOT_THERE), [])

    def test_headers(self):
        self.start_daemon(pattern="pageshop-none")
        status, headers, page = self.get("/", accept="text/html,*/*;q=0.8")
        self.assertIn("<title>gomapd</title>", page)
        policy = headers["Content-Security-Policy"]
        for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"):
            self.assertIn(part, policy)
        self.assertNotIn("unsafe", policy)
        self.assertIn("/metrics", self.get("/")[2])
        self.assertNotIn("<html", self.get("/")[2])
        self.assertIn("Accept", headers.get_all("Vary"))
        _, headers, script = self.get("/page/app.js")
        self.assertEqual(headers["Content-Type"], "text/javascript; charset=utf-8")
        self.assertEqual(headers["Cache-Control"], "no-cache")
        with self.assertRaises(urllib.error.HTTPError) as unchanged:
            self.get("/page/app.js", **{"If-None-Match": headers["ETag"]})
        self.assertEqual(unchanged.exception.code, 304)
        for name in re.findall(r"from '\./([^']+)'", script):
            self.assertEqual(self.get(f"/page/{name}")[0], 200)
        with self.assertRaises(urllib.error.HTTPError) as missing:
            self.get("/page/nothing.js")
        self.assertEqual(missing.exception.code, 404)


if __name__ == "__main__":
    main()
