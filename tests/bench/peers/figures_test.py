# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""That what was measured becomes the right figures, and a goal is met when it is."""

import unittest

import goals
import page
from figures import Turns, ratios, spread


def run(cpu_ns, inserts=100, growths=4, **more):
    return {"cpu_ns": cpu_ns, "wall_ns": cpu_ns, "inserts": inserts, "growths": growths,
            "rehashes": 0, "moved": 15, "unfinished": 0, "tracer_cpu_ns": 10, **more}


def turn(tracer, before, traced, number=0, counted=None):
    return {"target": "Go 1.23", "tracer": tracer, "round": number, "counted": counted or {},
            "before": {"100 keys": before}, "traced": {"100 keys": traced}}


class Figures(unittest.TestCase):
    def test_a_spread_is_the_median_and_the_quartiles(self):
        self.assertEqual(spread([5, 1, 3]).text(0), "3 (2 to 4)")
        self.assertIsNone(spread([]))

    def test_what_is_added_is_of_the_same_work(self):
        # Twice the inserts untraced: half of its time is what 100 inserts took.
        turns = Turns([turn("bpftrace", run(2000, inserts=200), run(5000))])
        self.assertEqual(turns.added("Go 1.23", "bpftrace", "100 keys"), {0: 40.0})
        self.assertEqual(turns.added("Go 1.23", "bpftrace", "100 keys", "growths"), {0: 1000.0})
        self.assertEqual(turns.slower("Go 1.23", "bpftrace", "100 keys"), {0: 4.0})

    def test_without_growths_nothing_is_added_to_one(self):
        turns = Turns([turn("bpftrace", run(1, growths=0), run(2, growths=0))])
        self.assertEqual(turns.added("Go 1.23", "bpftrace", "100 keys", "growths"), {0: None})

    def test_ratios_are_of_the_same_round(self):
        self.assertEqual(ratios({0: 8, 1: 9, 2: 1}, {0: 4, 1: 3, 3: 1}).median, 2.5)

    def test_counts_are_right_or_off(self):
        turns = Turns([turn("bpftrace", run(1), run(2), counted={"growths": 4, "moved": 18}),
                       turn("perf record", run(1), run(2))])
        self.assertEqual(turns.off_by("Go 1.23", "bpftrace", "growths"), 0)
        self.assertAlmostEqual(turns.off_by("Go 1.23", "bpftrace", "moved"), 0.2)
        self.assertIsNone(turns.off_by("Go 1.23", "perf record", "moved"))
        self.assertEqual([page.told(off) for off in (0, 0.2, None)], ["exact", "+20.0%", "–"])


class Goals(unittest.TestCase):
    def test_a_share_is_met_up_to_the_goal(self):
        self.assertTrue(goals.share("f", 25, {0: 4.0}, {0: 100.0}).met)
        self.assertFalse(goals.share("f", 26, {0: 4.0}, {0: 100.0}).met)

    def test_below_the_noise_the_noise_counts(self):
        row = goals.share("f", 10, {0: -3.0}, {0: 100.0}, noise={0: 20.0})
        self.assertFalse(row.met)
        self.assertIn("less than 1/5", row.measured)
        self.assertTrue(goals.share("f", 5, {0: -3.0}, {0: 100.0}, noise={0: 20.0}).met)

    def test_what_was_not_measured_is_neither(self):
        rows = goals.rows(Turns([]), {}, "Go 1.23", "Go 1.26")
        self.assertEqual({row.verdict for row in rows}, {"not measured"})

    def test_estimates_are_judged_by_their_size_not_their_sign(self):
        pair = {"slower": {"wall": 0.01, "cpu": 0.01}, "noise": 0, "error": -0.08,
                "claimed_error": 0.1, "overhead_ratio": 0.005}
        slower, error = goals.governor_rows("storm", [pair])
        self.assertTrue(slower.met)
        self.assertFalse(error.met)


class Page(unittest.TestCase):
    def test_columns_stand_under_each_other(self):
        self.assertEqual(page.table(("a", "b"), [("long", 1)]),
                         "| a    | b |\n| ---- | - |\n| long | 1 |")


if __name__ == "__main__":
    unittest.main()
