// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>
#include <string_view>

#include "daemon/export/report.h"

namespace gomapd::exporter {

// What a target may call its functions, files and types: a terminal's escape
// sequence, bytes that are no UTF-8, a quote, a newline, a bidirectional override.
inline constexpr std::string_view kHostileName =
    "a\x1b[2J\xff\"b\n\x7f\xc2\x9b\xe2\x80\xae"
    "c\\";

// Two processes, three sites, no loss.
inline TraceReport sample_report() {
  TraceReport report;
  report.duration_ns = 2'500'000'000;
  auto& summary = report.summary;
  summary.counts = {.started = 1240, .finished = 1238, .finished_only = 1};
  summary.cost = {.bytes = 5'000'000, .growing_ns = 7'200'000, .slowest_ns = 900'000};
  summary.by_kind = {0, 1100, 40, 30, 60, 10};
  summary.processes = {
      {.process = {41, "/usr/bin/server", "go1.23.4", go::Design::kClassic},
       .counts = {.started = 1140, .finished = 1138, .finished_only = 1},
       .cost = {.bytes = 4'000'000, .growing_ns = 7'000'000, .slowest_ns = 900'000},
       .by_kind = {0, 1100, 40, 0, 0, 0}},
      {.process = {42, "/usr/bin/worker", "go1.24.1", go::Design::kSwiss},
       .counts = {.started = 100, .finished = 100, .finished_only = 0},
       .cost = {.bytes = 1'000'000, .growing_ns = 200'000, .slowest_ns = 50'000},
       .by_kind = {0, 0, 0, 30, 60, 10}}};
  summary.sites = {{"main.(*cache).put",
                    "/src/server/cache.go",
                    214,
                    "map[string]*main.entry",
                    {.started = 1140, .finished = 1138, .finished_only = 1},
                    {4'000'000, 7'000'000, 900'000},
                    832,
                    95},
                   {"github.com/example/worker/internal/index.Build",
                    "/src/worker/index.go",
                    17,
                    std::nullopt,
                    {.started = 90, .finished = 90, .finished_only = 0},
                    {1'000'000, 200'000, 50'000},
                    896,
                    12},
                   {"",
                    "",
                    0,
                    "map[int]bool",
                    {.started = 10, .finished = 10, .finished_only = 0},
                    {0, 0, 0},
                    7,
                    0}};
  report.stats.at(GM_STAT_HITS_START) = 1241;
  report.stats.at(GM_STAT_HITS_END) = 1240;
  report.stats.at(GM_STAT_FILTERED) = 2;
  report.stats.at(GM_STAT_COUNTED) = 2479;
  report.stats.at(GM_STAT_SUBMITTED) = 2479;
  return report;
}

// The same, with every name replaced by a hostile one.
inline TraceReport hostile_report() {
  auto report = sample_report();
  const std::string name(kHostileName);
  for (auto& process : report.summary.processes) {
    process.process.exe = name;
    process.process.go_version = name;
  }
  for (auto& site : report.summary.sites) {
    site.function = name;
    site.file = name;
    site.type = name;
  }
  return report;
}

}  // namespace gomapd::exporter
