# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""What the soak calls flat, and what exact."""

import random
import unittest

import daemon
import judge
import programs


def samples(rss, links=lambda _: 20):
    """Half an hour of them, five seconds apart; RSS in KiB and links by the second."""
    return [daemon.Sample(second, rss(second), 90, links(second), 1000, 20, 6, 0, 0, 0)
            for second in range(0, 1800, 5)]


def complaints(some):
    return [curve.name for curve in judge.curves(some) if curve.complaint]


def finished(pid, made, version="1.24", ended=100):
    return programs.Finished(pid, made, version, False, ended)


def metrics(pid, growths, estimated=0):
    return daemon.Metrics(
        f'# HELP gomapd_site_growths_total Growths 0.01\n'
        f'gomapd_site_growths_total{{pid="{pid}",function="main.makeMap",map_type="map[K]V"}} {growths}\n'
        f'gomapd_site_growths_total{{pid="{pid}",function="main.init",map_type="map[K]V"}} 3\n'
        f'gomapd_map_growths_estimated_total{{pid="{pid}"}} {estimated}\n')


class Curves(unittest.TestCase):
    def test_noise_is_flat(self):
        chance = random.Random(1)
        self.assertEqual(complaints(samples(lambda _: 50000 + chance.randint(-3000, 3000))), [])

    def test_a_warm_up_is_no_leak(self):
        self.assertEqual(complaints(samples(lambda s: 30000 + min(s, 500) * 40)), [])

    def test_a_leak_is_seen_through_noise(self):
        chance = random.Random(1)
        self.assertEqual(complaints(samples(lambda s: 50000 + 5 * s + chance.randint(-1000, 1000))), ["rss_kib"])

    def test_a_link_a_minute_is_a_leak(self):
        self.assertEqual(complaints(samples(lambda _: 50000, lambda s: 20 + s // 60)), ["links"])

    def test_storms_do_not_bend_the_slope(self):
        self.assertEqual(complaints(samples(lambda s: 90000 if s > 1700 else 50000)), [])


class Counts(unittest.TestCase):
    def check(self, scraped, program, now=110):
        counts = judge.Counts()
        counts.check(scraped, [program], now)
        return counts

    def test_exact(self):
        counts = self.check(metrics(7, 40), finished(7, 10))
        self.assertEqual((counts.exact, counts.complaints()), (1, []))

    def test_go_1_21_fills_its_buckets_less(self):
        self.assertEqual(self.check(metrics(7, 50), finished(7, 10, "1.21")).exact, 1)

    def test_one_too_few_or_too_many(self):
        for growths in (39, 41):
            counts = self.check(metrics(7, growths), finished(7, 10))
            self.assertEqual((counts.exact, len(counts.complaints())), (0, 1))

    def test_a_program_without_series_is_wrong(self):
        self.assertEqual(len(self.check(metrics(8, 40), finished(7, 10)).complaints()), 1)

    def test_what_was_sampled_is_told_apart(self):
        counts = self.check(metrics(7, 12, estimated=28), finished(7, 10))
        self.assertEqual((counts.estimated, counts.complaints()), (1, []))

    def test_series_go_with_their_program(self):
        counts = self.check(metrics(7, 40), finished(7, 10))
        counts.check(metrics(7, 40), [], 100 + judge.GONE_SECONDS)
        self.assertEqual(counts.complaints(), [])
        counts.check(metrics(7, 40), [], 101 + judge.GONE_SECONDS)
        self.assertEqual(len(counts.complaints()), 1)

    def test_waits_until_the_daemon_has_read(self):
        counts = self.check(metrics(7, 0), finished(7, 10, ended=109))
        self.assertEqual((counts.exact, counts.complaints()), (0, []))
        counts.check(metrics(7, 40), [], 114)
        self.assertEqual(counts.exact, 1)


if __name__ == "__main__":
    unittest.main()
