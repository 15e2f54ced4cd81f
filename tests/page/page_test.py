#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""The page in a real browser, shown hosts that a real daemon can't be brought to be at will."""

import re
import time
import unittest

import scenarios
from browser import Browser, Keys, need_browser
from fake_daemon import FakeDaemon
from testing import main

# What the browser itself says when a server is not there, or a map is gone.
NOT_THERE = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "ERR_SOCKET_NOT_CONNECTED")


def number(text):
    """"1.2 M" and "70,040" → a number; the sort order of what is shown."""
    found = re.match(r"([\d.,]+)\s*([MG]?)", text)
    return float(found[1].replace(",", "")) * {"": 1, "M": 1e6, "G": 1e9}[found[2]]


class Page(unittest.TestCase):
    expected_errors = ()

    @classmethod
    def setUpClass(cls):
        need_browser()
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()

    def setUp(self):
        self.daemon = None
        self.browser.resize(1440, 900)
        self.browser.prefer("light")
        self.expected_errors = ()

    def tearDown(self):
        # Pages of stopped servers keep asking, and complain.
        errors = self.browser.errors(but=self.expected_errors)
        self.browser.script("try { localStorage.clear() } catch {}")
        self.browser.driver.get("about:blank")
        if self.daemon:
            self.daemon.stop()
        self.browser.errors()
        self.assertEqual(errors, [])

    def show(self, host, route=""):
        self.daemon = FakeDaemon(host).start()
        self.browser.open(self.daemon.url + route)
        return self.browser

    def test_pure_functions(self):
        browser = self.show(scenarios.empty())
        result = browser.driver.execute_async_script(
            "const done = arguments[0]; import('/checks/checks.js').then((it) => done(it.run()), (e) => done({wrong: [String(e)], checked: 0}))")
        self.assertEqual(result["wrong"], [])
        self.assertGreater(result["checked"], 80)

    def test_opens_with_all_workloads(self):
        browser = self.show(scenarios.busy())
        browser.until(lambda: len(browser.rows()) == 7, "seven workloads")
        self.assertEqual(browser.rows()[0], "checkout")
        browser.until(lambda: browser.sees(".rate canvas"), "the chart")
        self.assertIn("Growths a second over the last 15 minutes", browser.script(
            "return document.querySelector('.rate .plot').getAttribute('aria-label')"))
        self.assertIn("limit 1.00", browser.text("[data-tile=overhead]"))
        self.assertEqual(browser.text("[data-tile=processes] dd"), "13")
        self.assertEqual(browser.text("#lamp-text"), "live")
        self.assertGreater(len(browser.texts(".bars li")), 5)
        browser.keep("workloads")

    def test_filters_and_sorts(self):
        browser = self.show(scenarios.busy())
        browser.until(lambda: len(browser.rows()) == 7, "seven workloads")
        browser.keys("/")
        browser.keys("container")
        browser.until(lambda: set(browser.rows()) == {"sessiond", "etcd"}, "what runs in containers")
        browser.keys("xyz")
        browser.until(lambda: "holds" in browser.text("#view .none"), "a word on nothing found")
        browser.keys(Keys.ESCAPE)
        browser.until(lambda: len(browser.rows()) == 7, "no filter any more")
        browser.click("[data-column=name]")
        browser.until(lambda: browser.rows() == sorted(browser.rows()) and len(browser.rows()) == 7, "by name")
        browser.click("[data-column=name]")
        browser.until(lambda: browser.rows() == sorted(browser.rows(), reverse=True), "by name, downwards")
        sort = browser.script("return document.querySelector('[data-column=name]').parentElement.getAttribute('aria-sort')")
        self.assertEqual(sort, "descending")

    def test_drills_into_a_workload_and_a_site(self):
        browser = self.show(scenarios.busy())
        browser.until(lambda: browser.rows()[:1] == ["checkout"], "workloads")
        browser.click("#view .row")
        browser.until(lambda: browser.rows() == ["checkout.parseForm", "checkout.(*Pricer).index", "cart.(*Cache).Put"],
                      "the sites of that workload")
        self.assertIn("form.go:41", browser.text("#view .row"))
        self.assertIn("checkout · checkout.service", browser.text("#scope"))
        browser.click("#view .row")
        browser.until(lambda: browser.text(".detail h2") == "shop/checkout.parseForm", "the site")
        browser.until(lambda: "map[string][]string" in browser.texts(".box"), "its stacks")
        self.assertNotIn("checkout.(*Pricer).total", browser.texts(".box"))
        self.assertEqual(browser.text(".detail [data-tile=growths] dd"), "70,040")
        browser.keep("site")
        browser.keys(Keys.ESCAPE)
        browser.until(lambda: len(browser.rows()) == 3, "back at the sites")
        browser.keys(Keys.ESCAPE)
        browser.until(lambda: len(browser.rows()) > 3, "all sites")

    def test_flame_graph_by_growths_bytes_and_time(self):
        browser = self.show(scenarios.busy(), "#/flame")
        browser.until(lambda: "http.(*conn).serve" in browser.texts(".box"), "boxes")
        self.assertIn("growths", browser.text(".told"))
        browser.click("[data-weight=bytes]")
        browser.until(lambda: re.match(r"all: [\d.]+ MiB", browser.text(".told").replace("\u202f", " ")), "bytes first")
        browser.keys("t")
        browser.until(lambda: re.match(r"all: [\d.]+ ms", browser.text(".told").replace("\u202f", " ")), "time first")
        browser.keys("g", "/")
        browser.keys("json")
        browser.until(lambda: len(browser.texts(".box.found")) == 3, "found boxes")
        self.assertRegex(browser.text(".found"), r"json.*%")
        browser.keep("flame-search")
        browser.keys(Keys.ESCAPE)
        browser.keys(Keys.ESCAPE)
        browser.script("""[...document.querySelectorAll('.box')].find((one) => one.textContent === 'checkout.(*Server).post').click()""")
        browser.until(lambda: "session.(*API).login" not in browser.texts(".box"), "zoomed")
        browser.keep("flame-zoomed")
        browser.click(".controls .plain")
        browser.until(lambda: "session.(*API).login" in browser.texts(".box"), "all again")
        browser.keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
        browser.until(lambda: browser.text(".told").startswith("net/http.serverHandler.ServeHTTP"), "two down by keys")
        browser.keep("flame")

    def test_a_map_migrates(self):
        self.expected_errors = ("willReadFrequently",)  # the test's own looking
        host = scenarios.busy()
        host.maps[0].migrates_s, host.maps[0].rests_s = 3.0, 1.5
        host.maps[0].began = time.time()
        browser = self.show(host, "#/maps")
        browser.until(lambda: len(browser.rows()) == 4, "maps")
        browser.script("""[...document.querySelectorAll('#view .row')].find((row) => row.innerText.includes('cart.Item')).click()""")
        browser.until(lambda: "1,024 buckets" in browser.text("[data-array=old] h3"), "the old array")
        seen = set()

        def watch():
            seen.add(browser.script("return document.querySelector('.progress').getAttribute('aria-valuenow')"))
            painted = browser.script("""return [...document.querySelectorAll('.array canvas')].filter((one) => one.checkVisibility())
                .map((one) => new Set(one.getContext('2d').getImageData(0, 0, one.width, one.height).data).size)""")
            if 0.35 < host.maps[0].moved() < 0.7 and painted and min(painted) > 8:
                browser.keep("map")
                seen.add("painted")
            return len(seen) > 4 and "painted" in seen
        browser.until(watch, "buckets that move")
        browser.until(lambda: any("have moved" in text for text in browser.texts(".events li")), "the end of a growth")
        browser.until(lambda: any("grows from 1,024 to 2,048 buckets" in text for text in browser.texts(".events li")), "another growth")

    def test_a_swiss_map(self):
        browser = self.show(scenarios.busy(), "#/map?pid=4712&map=0xc000510000")
        browser.until(lambda: browser.text("[data-array=tables] h3") == "24 tables, 256 to 1,024 slots", "its tables")
        browser.until(lambda: browser.sees(".pair .u-wrap canvas"), "its chart")
        browser.keep("swiss-map")

    def test_a_map_that_is_gone(self):
        self.expected_errors = ("status of 404",)
        host = scenarios.busy()
        browser = self.show(host, "#/map?pid=4712&map=0xc000510000")
        browser.until(lambda: "24 tables" in browser.text("[data-array=tables] h3"), "its tables")
        host.maps.clear()
        browser.until(lambda: "is gone" in browser.text(".notice"), "a word on it")
        self.assertIn("24 tables", browser.text("[data-array=tables] h3"))

    def test_estimates_are_told_apart(self):
        browser = self.show(scenarios.busy())
        row = "[...document.querySelectorAll('#view .row')].find((one) => one.innerText.includes('gopls'))"
        browser.until(lambda: browser.script(f"return {row} !== undefined"), "a sampled workload")
        text = browser.script(f"return {row}.innerText")
        self.assertIn("+ ~12,300", text)
        self.assertRegex(text, r"\n~\d+\n")
        self.assertIn("sampled", text)
        self.assertIn("+ ~12,300 ± 410", browser.text(".tiles [data-tile=growths]"))
        browser.script(f"{row}.click()")
        browser.until(lambda: browser.text("[data-tile=detail] dd") == "Sampled", "its governor")
        browser.until(lambda: browser.rows(".cell .second") and "+ ~2,460" in browser.rows(".cell .second"), "its sites' estimates")

    def test_storm(self):
        browser = self.show(scenarios.storm())
        browser.until(lambda: "A growth storm is on" in browser.text("#storms"), "the banner")
        browser.until(lambda: "checkout.parseForm at checkout/form.go:41" in browser.text("#storms .where"), "where it begins")
        self.assertEqual(browser.texts(".row.storming .badge"), ["storm"])
        self.assertIn("⚡", browser.driver.title)
        browser.keep("storm")
        browser.prefer("dark")
        time.sleep(0.3)
        browser.keep("storm-dark")
        browser.click("#storms .where")
        browser.until(lambda: browser.text(".detail h2") == "shop/checkout.parseForm", "the site")

    def test_thousand_sites(self):
        browser = self.show(scenarios.thousand(), "#/sites")
        browser.until(lambda: browser.script("return document.querySelector('#view .table')?.getAttribute('aria-rowcount')") == "1001", "1,000 rows")
        self.assertLess(browser.script("return document.querySelectorAll('#view .row').length"), 60)
        # As the page itself sees it: from the key press to the changed rows.
        took = browser.driver.execute_async_script("""
            const done = arguments[0], filter = document.getElementById('filter'), began = performance.now();
            filter.value = 'pkg36 method7'; filter.dispatchEvent(new Event('input'));
            const grid = document.querySelector('#view .table');
            const look = () => grid.getAttribute('aria-rowcount') !== '1001' ? done(performance.now() - began) : requestAnimationFrame(look);
            look();""")
        print(f"1,000 sites filtered in {took:.0f} ms", flush=True)
        shown = int(browser.script("return document.querySelector('#view .table').getAttribute('aria-rowcount')")) - 1
        expected = sum(1 for i in range(1000) if i % 37 == 36 and i % 11 == 7)
        self.assertEqual(shown, expected)
        browser.keys("/")
        browser.keys(Keys.ESCAPE, Keys.ESCAPE)
        browser.click("[data-column=largest]")
        browser.until(lambda: "Type999" in browser.rows()[0], "the largest first")
        browser.keys(Keys.END)
        browser.until(lambda: "Type0)" in browser.rows()[-1], "the last row")
        selected = browser.script("return document.getElementById(document.querySelector('#view .table').getAttribute('aria-activedescendant')).getAttribute('aria-rowindex')")
        self.assertEqual(selected, "1001")
        values = [number(text) for text in browser.rows("[aria-colindex='8']")]
        self.assertEqual(values, sorted(values, reverse=True))
        browser.keep("thousand-sites")

    def test_keyboard(self):
        browser = self.show(scenarios.busy())
        browser.until(lambda: len(browser.rows()) == 7, "workloads")
        browser.keys("?")
        browser.until(lambda: browser.sees("#help"), "help")
        browser.keep("help")
        browser.keys("2")
        self.assertTrue(browser.sees("#help"))
        browser.keys(Keys.ESCAPE)
        browser.until(lambda: not browser.sees("#help"), "no help")
        browser.keys("2")
        browser.until(lambda: "checkout.parseForm" in browser.rows(), "sites")
        browser.keys("j", "j", "j", "k", Keys.ENTER)
        browser.until(lambda: browser.text(".detail h2") == "encoding/json.(*decodeState).object", "the second site")
        browser.keys(Keys.ESCAPE)
        browser.until(lambda: browser.rows(), "sites again")
        browser.keys("s")
        browser.until(lambda: browser.script("return document.querySelector('[data-column=rate]').parentElement.getAttribute('aria-sort')") == "descending", "the next column")
        browser.keys("5")
        browser.until(lambda: "uprobe_multi" in browser.text(".health"), "health")
        browser.keys("4")
        browser.until(lambda: len(browser.rows()) == 4, "maps")

    def test_dark_mode(self):
        browser = self.show(scenarios.busy())
        ground = "return getComputedStyle(document.body).backgroundColor"
        browser.until(lambda: browser.rows(), "workloads")
        light = browser.script(ground)
        browser.keys("d")
        browser.until(lambda: browser.script(ground) != light, "dark")
        dark = browser.script(ground)
        browser.driver.refresh()
        browser.until(lambda: browser.rows() and browser.script(ground) == dark, "still dark")
        browser.keep("workloads-dark")
        browser.click("#theme")
        browser.until(lambda: browser.script(ground) == light, "light")
        browser.prefer("dark")
        browser.until(lambda: browser.script(ground) == dark, "as the system")

    def test_contrast(self):
        """Text against what it stands on: WCAG AA wants 4.5."""
        script = """
            const resolve = (name) => { const e = document.createElement('span'); document.body.append(e);
                e.style.color = `var(${name})`; const c = getComputedStyle(e).color.match(/[\\d.]+/g).slice(0, 3).map(Number); e.remove(); return c; };
            const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
            return arguments[0].map(([a, b]) => { const [x, y] = [light(resolve(a)), light(resolve(b))].sort((p, q) => q - p);
                return [`${a} on ${b}`, (x + 0.05) / (y + 0.05)]; }).filter(([, ratio]) => ratio < 4.5);"""
        pairs = [(text, ground) for text in ("--text", "--muted", "--accent") for ground in ("--page", "--panel", "--raised", "--selected", "--hover")]
        pairs += [("--bad", "--bad-ground"), ("--warn", "--warn-ground"), ("--storm", "--storm-ground"), ("--accent", "--storm-ground"),
                  ("--good", "--panel"), ("--muted", "--storm-ground"), ("--warn", "--panel"), ("--bad", "--panel")]
        browser = self.show(scenarios.empty())
        for scheme in ("light", "dark"):
            browser.prefer(scheme)
            self.assertEqual(browser.script(script, pairs), [], scheme)

    def test_empty(self):
        browser = self.show(scenarios.empty())
        browser.until(lambda: "No Go process yet" in browser.text("#empty"), "the empty state")
        browser.until(lambda: "3 left out by the selection" in browser.text("#empty-counts"), "what became of processes")
        self.assertIn("gomapd inspect -p PID", browser.text("#empty"))
        browser.keep("empty")
        self.daemon.host.workloads = scenarios.busy().workloads
        browser.until(lambda: len(browser.rows()) == 7, "what comes later")
        self.assertFalse(browser.sees("#empty"))

    def test_survives_a_restart(self):
        self.expected_errors = NOT_THERE
        browser = self.show(scenarios.busy(), "#/sites")
        browser.until(lambda: "checkout.parseForm" in browser.rows(), "sites")
        self.daemon.stop()
        browser.until(lambda: "has not answered since" in browser.text("#connection"), "the error state")
        self.assertIn("checkout.parseForm", browser.rows())
        self.assertEqual(browser.text("#lamp-text"), "no answer")
        time.sleep(0.3)
        browser.keep("gone")
        host = scenarios.busy()
        host.began_ns = time.time_ns()
        host.sites = host.sites[:1]
        self.daemon = FakeDaemon(host, self.daemon.port).start()
        browser.until(lambda: not browser.sees("#connection"), "the daemon again")
        browser.until(lambda: browser.rows() == ["checkout.parseForm"], "what the new one says")
        self.assertEqual(browser.text("#lamp-text"), "live")

    def test_health(self):
        host = scenarios.not_ready()
        browser = self.show(host, "#/health")
        browser.until(lambda: "CAP_BPF is missing" in browser.text(".problems"), "why it is not ready")
        self.assertIn("1,204 growth events were lost", browser.text(".problems"))
        self.assertEqual(browser.text("#tab-health .badge"), "2")
        self.assertEqual(browser.text("#lamp-text"), "not ready")
        for href in ("metrics", "debug/pprof/", "-/healthy"):
            self.assertTrue(browser.all(f".links a[href='{href}']"), href)
        browser.keep("health")

    def test_hostile_names_stay_text(self):
        browser = self.show(scenarios.hostile(), "#/sites")
        browser.until(lambda: len(browser.rows()) == 2, "sites")
        self.assertIn("<script>document.title='broken'</script>.(*T[", browser.script("return document.querySelector('#view .row .cell').title"))
        browser.click("#view .row")
        browser.until(lambda: len(browser.texts(".box")) > 60, "its stacks")
        browser.keys("3")
        browser.until(lambda: "javascript:alert(1)" in "".join(browser.script("return [...document.querySelectorAll('.box')].map((one) => one.ariaLabel)")), "the flame graph")
        browser.keys("1")
        browser.until(lambda: browser.rows(), "workloads")
        self.assertIn("a\\u202egnp.service", browser.text("#view .row"))
        self.assertEqual(browser.script("return document.querySelectorAll('main img, main b, main script').length"), 0)
        self.assertEqual(browser.driver.title, "gomapd")

    def test_narrow_window(self):
        browser = self.show(scenarios.storm(), "#/sites")
        browser.resize(400, 800)
        browser.until(lambda: "checkout.parseForm" in browser.rows(), "sites")
        self.assertLessEqual(browser.script("return document.documentElement.scrollWidth"), 400)
        columns = browser.texts("#view [role=columnheader]")
        self.assertTrue(2 <= len(columns) <= 4, columns)
        browser.keep("narrow")

    def test_roles(self):
        browser = self.show(scenarios.busy())
        browser.until(lambda: browser.rows(), "workloads")
        roles = browser.script("return [...new Set([...document.querySelectorAll('[role]')].map((one) => one.getAttribute('role')))]")
        for role in ("grid", "row", "gridcell", "columnheader", "tab", "tablist", "tabpanel", "alert", "status", "meter"):
            self.assertIn(role, roles)
        unnamed = browser.script("""return [...document.querySelectorAll('button, input, a')].filter((one) => one.checkVisibility()
            && !(one.innerText?.trim() || one.ariaLabel || one.labels?.length)).map((one) => one.outerHTML)""")
        self.assertEqual(unnamed, [])


if __name__ == "__main__":
    main()
