// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The last line of `trace --json`, field by field as the contract lists them.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/export/json.h"
#include "tests/unit/daemon/export/sample_report.h"

namespace gomapd::exporter {
namespace {

using nlohmann::json;
using namespace nlohmann::literals;  // NOLINT(google-build-using-namespace)

TEST(SummaryJson, HasEveryField) {
  auto summary = json::parse(summary_json(sample_report()));
  summary.erase("probe_stats");  // tested by itself
  EXPECT_EQ(summary, R"({
    "event": "summary", "duration_ns": 2500000000,
    "counts": {"growth_started": 1240, "growth_finished": 1238, "finished_only": 1,
               "in_progress": 2, "bucket_evacuated": 0,
                  "tombstones_pruned": 0},
    "estimated": false, "lost_events": 0, "probe_hits": 2479, "sampled_hits": 0,
    "uncounted_hits": 0,
    "model_divergences": 0,
    "maps_exact": true, "truncated": false,
    "processes": [
      {"pid": 41, "exe": "/usr/bin/server", "go_version": "go1.23.4", "impl": "classic",
       "counts": {"growth_started": 1140, "growth_finished": 1138, "finished_only": 1,
                  "in_progress": 2, "bucket_evacuated": 0,
                  "tombstones_pruned": 0},
       "by_kind": {"double": 1100, "same_size": 40},
       "bytes": 4000000, "growing_ns": 7000000, "slowest_ns": 900000},
      {"pid": 42, "exe": "/usr/bin/worker", "go_version": "go1.24.1", "impl": "swiss",
       "counts": {"growth_started": 100, "growth_finished": 100, "finished_only": 0,
                  "in_progress": 0, "bucket_evacuated": 0,
                  "tombstones_pruned": 0},
       "by_kind": {"to_table": 30, "table_double": 60, "split": 10},
       "bytes": 1000000, "growing_ns": 200000, "slowest_ns": 50000}],
    "sites": [
      {"function": "main.(*cache).put", "file": "/src/server/cache.go", "line": 214,
       "map_type": "map[string]*main.entry", "growths": 1140, "bytes": 4000000,
       "max_keys": 832, "maps": 95, "growing_ns": 7000000, "slowest_ns": 900000},
      {"function": "github.com/example/worker/internal/index.Build",
       "file": "/src/worker/index.go", "line": 17, "map_type": null, "growths": 90,
       "bytes": 1000000, "max_keys": 896, "maps": 12, "growing_ns": 200000, "slowest_ns": 50000},
      {"function": "", "file": "", "line": 0, "map_type": "map[int]bool", "growths": 10,
       "bytes": 0, "max_keys": 7, "maps": 0, "growing_ns": 0, "slowest_ns": 0}],
    "by_kind": {"double": 1100, "same_size": 40, "to_table": 30, "table_double": 60, "split": 10}
  })"_json);
}

TEST(SummaryJson, HasEveryFieldWithNothingTraced) {
  const auto summary = json::parse(summary_json({}));
  EXPECT_EQ(summary["counts"], R"({"growth_started": 0, "growth_finished": 0, "finished_only": 0,
                                   "in_progress": 0, "bucket_evacuated": 0,
                  "tombstones_pruned": 0})"_json);
  EXPECT_EQ(summary["processes"], json::array());
  EXPECT_EQ(summary["sites"], json::array());
  EXPECT_EQ(summary["by_kind"], json::object());
}

TEST(SummaryJson, BeginsWithItsEvent) {
  EXPECT_TRUE(summary_json(sample_report()).starts_with(R"({"event":"summary",)"));
}

TEST(SummaryJson, SaysWhatWasLost) {
  auto report = sample_report();
  report.stats.at(GM_STAT_RING_FULL) = 5;
  report.rejected_records = 2;
  report.stats.at(GM_STAT_FAULT) = 3;
  report.stats.at(GM_STAT_NO_SITE) = 10;
  report.stats.at(GM_STAT_UNCOUNTED) = 100;
  const auto summary = json::parse(summary_json(report));
  EXPECT_EQ(summary["lost_events"], 7);
  EXPECT_EQ(summary["maps_exact"], false);
  EXPECT_EQ(summary["uncounted_hits"], 113);
}

TEST(SummaryJson, SaysWhenMapsWereTooManyToTellApart) {
  auto report = sample_report();
  report.summary.go_maps_exact = false;
  EXPECT_EQ(json::parse(summary_json(report))["maps_exact"], false);
}

TEST(SummaryJson, SaysHowTheCommandFailed) {
  auto report = sample_report();
  EXPECT_FALSE(json::parse(summary_json(report)).contains("command_failure"));
  report.command_failure = "exited with status 3";
  EXPECT_EQ(json::parse(summary_json(report))["command_failure"], "exited with status 3");
}

// Each statistic under a name of its own: the conservation sums need them.
TEST(SummaryJson, TellsEachProbeStatistic) {
  auto report = sample_report();
  for (std::size_t i = 0; i < report.stats.size(); ++i) report.stats.at(i) = 100 + i;
  report.rejected_records = 99;
  const auto stats = json::parse(summary_json(report))["probe_stats"];
  EXPECT_EQ(stats["hits_start"], 100 + GM_STAT_HITS_START);
  EXPECT_EQ(stats["hits_end"], 100 + GM_STAT_HITS_END);
  EXPECT_EQ(stats["hits_evacuate"], 100 + GM_STAT_HITS_EVACUATE);
  EXPECT_EQ(stats["already_moved"], 100 + GM_STAT_ALREADY_MOVED);
  EXPECT_EQ(stats["nothing_pruned"], 100 + GM_STAT_NOTHING_PRUNED);
  EXPECT_EQ(stats["filtered"], 100 + GM_STAT_FILTERED);
  EXPECT_EQ(stats["branch_taken"], 100 + GM_STAT_BRANCH_TAKEN);
  EXPECT_EQ(stats["unreadable"], 100 + GM_STAT_FAULT);
  EXPECT_EQ(stats["no_site"], 100 + GM_STAT_NO_SITE);
  EXPECT_EQ(stats["uncounted"], 100 + GM_STAT_UNCOUNTED);
  EXPECT_EQ(stats["counted"], 100 + GM_STAT_COUNTED);
  EXPECT_EQ(stats["submitted"], 100 + GM_STAT_SUBMITTED);
  EXPECT_EQ(stats["ring_full"], 100 + GM_STAT_RING_FULL);
  EXPECT_EQ(stats["rejected"], 99);
  EXPECT_EQ(stats["counters_full"], 100 + GM_STAT_COUNTERS_FULL);
  EXPECT_EQ(stats["open_full"], 100 + GM_STAT_OPEN_FULL);
  EXPECT_EQ(stats["stacks_full"], 100 + GM_STAT_STACKS_FULL);
  EXPECT_EQ(stats["stack_faults"], 100 + GM_STAT_STACK_FAULT);
  EXPECT_EQ(stats["restarted"], 100 + GM_STAT_RESTARTED);
}

TEST(SummaryJson, IsOneLineOfAsciiWhateverTheNames) {
  auto report = hostile_report();
  report.command_failure = kHostileName;
  const auto text = summary_json(report);
  EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; })) << text;
  EXPECT_EQ(json::parse(text)["sites"].size(), 3U);
}

}  // namespace
}  // namespace gomapd::exporter
