// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/assign.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "daemon/export/json.h"
#include "tests/unit/daemon/export/sample_report.h"

namespace gomapd::exporter {
namespace {

using nlohmann::json;

AssignReport sample_assigns() {
  AssignReport report;
  report.summary = {
      .windows = 12,
      .cut_windows = 1,
      .window_ns = 40'000'000,
      .hits = 51'000,
      .per_second = {.value = 1'300'000.4, .error = 21'000.0, .at_least = true},
      .sites = {{.function = "main.(*cache).put",
                 .file = "/src/server/cache.go",
                 .line = 214,
                 .type = "map[string]*main.entry",
                 .hits = 50'000,
                 .per_second = {.value = 1'275'000, .error = 20'000.0, .at_least = true}},
                {.function = "",
                 .file = "",
                 .line = 0,
                 .type = std::nullopt,
                 .hits = 1000,
                 .per_second = {.value = 25'000.4, .error = std::nullopt}}},
      .go_maps = 3,
      .go_maps_exact = false};
  report.hit_ns = 740;
  report.hit_error_ns = 74;
  report.hit_measured = true;
  report.max_overhead = 0.01;
  report.probe_ns = 38e6;
  report.cpu_ns = 4e9;
  report.stats.at(GM_STAT_HITS_ASSIGN) = 51'100;
  report.stats.at(GM_STAT_FILTERED) = 98;
  report.stats.at(GM_STAT_FAULT) = 2;
  report.stats.at(GM_STAT_COUNTED) = 51'000;
  return report;
}

TEST(AssignText, TellsRatesWithTheirErrors) {
  EXPECT_EQ(assign_text(sample_assigns(), 0), R"(
assignments  at least 1,300,000 a second (standard error 21,000): an estimate from 12 windows, 40.0 ms in all
  cost       0.95 % of the CPU time (at most 1.00 %), at 740 ns a hit

     A SECOND          ±  WHERE, AND WHICH TYPE
  >=1,275,000     20,000  main.(*cache).put
                          /src/server/cache.go:214
                          map[string]*main.entry
       25,000          ?  (not known)
                          (type not known)
note: 2 assignments could not be read or kept
)");
}

TEST(AssignText, FitsANarrowTerminal) {
  std::istringstream lines(report_text(
      [] {
        auto report = sample_report();
        report.assign = sample_assigns();
        return report;
      }(),
      60));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 64U) << line;
}

TEST(AssignText, SaysWhatIsAssumedAndWhyItEnded) {
  auto report = sample_assigns();
  report.hit_measured = false;
  report.failure = "process 41: no \x1b more";
  const auto text = assign_text(report, 0);
  EXPECT_NE(text.find("(assumed)"), std::string::npos);
  EXPECT_NE(text.find("note: no more windows: process 41"), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(AssignJson, IsPartOfTheSummaryOnlyWhereItWasSampled) {
  auto report = sample_report();
  EXPECT_FALSE(json::parse(summary_json(report)).contains("assign"));
  report.assign = sample_assigns();
  const auto summary = json::parse(summary_json(report));
  EXPECT_EQ(summary["estimated"], false);  // the growths are exact
  const auto& assign = summary["assign"];
  EXPECT_EQ(assign["estimated"], true);
  EXPECT_EQ(assign["windows"], 12);
  EXPECT_EQ(assign["cut_windows"], 1);
  EXPECT_EQ(assign["window_ns"], 40'000'000);
  EXPECT_EQ(assign["share"], 0.008);  // of 2.5 s of two processes
  EXPECT_EQ(assign["assignments"], 51'000);
  EXPECT_EQ(assign["assignments_per_second"], 1'300'000.4);
  EXPECT_EQ(assign["error"], 21'000);
  EXPECT_EQ(assign["at_least"], true);
  EXPECT_EQ(assign["maps"], 3);
  EXPECT_EQ(assign["maps_exact"], false);
  EXPECT_EQ(assign["overhead"], 0.0095);
  EXPECT_EQ(assign["max_overhead"], 0.01);
  EXPECT_EQ(assign["hit_ns"], 740);
  EXPECT_EQ(assign["probe_stats"]["hits"], 51'100);
  EXPECT_EQ(assign["probe_stats"]["counted"], 51'000);
  EXPECT_FALSE(assign.contains("failure"));
  const auto& sites = summary["assign_sites"];
  ASSERT_EQ(sites.size(), 2U);
  EXPECT_EQ(sites[0]["function"], "main.(*cache).put");
  EXPECT_EQ(sites[0]["line"], 214);
  EXPECT_EQ(sites[0]["map_type"], "map[string]*main.entry");
  EXPECT_EQ(sites[0]["assignments_per_second"], 1'275'000);
  EXPECT_EQ(sites[0]["error"], 20'000);
  EXPECT_EQ(sites[1]["map_type"], nullptr);
  EXPECT_EQ(sites[1]["error"], nullptr);
}

TEST(AssignJson, TellsEachMapOfAWindow) {
  model::TypeInfo type;
  type.name = std::string(kHostileName);
  const symbol::Frame caller{std::string(kHostileName), "main.go", 7, false};
  const symbol::Frame unknown;
  const model::TypeInfo no_type;
  model::AssignWindow window{.pid = 41,
                             .design = go::Design::kSwiss,
                             .window_ns = 1'000'000,
                             .counts = {{.go_map = 0xc0,
                                         .seed = 5,
                                         .type = &type,
                                         .caller = &caller,
                                         .hits = 12,
                                         .undilated = 99},
                                        {.type = &no_type, .caller = &unknown, .hits = 3}}};
  const auto text = assign_samples_json(window, 1234);
  EXPECT_TRUE(
      std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); }));
  std::istringstream lines(text);
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  const auto first = json::parse(line);
  EXPECT_EQ(first["event"], "assign_sample");
  EXPECT_EQ(first["time_ns"], 1234);
  EXPECT_EQ(first["pid"], 41);
  EXPECT_EQ(first["map"], "0xc0");
  EXPECT_EQ(first["impl"], "swiss");
  EXPECT_EQ(first["assignments"], 12);  // as counted
  EXPECT_EQ(first["window_ns"], 1'000'000);
  EXPECT_EQ(first["line"], 7);
  ASSERT_TRUE(std::getline(lines, line));
  const auto second = json::parse(line);
  EXPECT_EQ(second["map"], nullptr);
  EXPECT_EQ(second["map_type"], nullptr);
  EXPECT_EQ(second["assignments"], 3);
  EXPECT_FALSE(std::getline(lines, line));
}

}  // namespace
}  // namespace gomapd::exporter
