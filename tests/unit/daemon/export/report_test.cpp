// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/report.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/export/terminal.h"
#include "tests/support/go_program.h"
#include "tests/unit/daemon/export/sample_report.h"

namespace gomapd::exporter {
namespace {

TEST(ReportText, IsWholeWithoutALimit) {
  EXPECT_EQ(report_text(sample_report(), 0),
            R"(1,240 growths in 2.5 s, 4.8 MiB allocated, 7.2 ms growing

process 41  /usr/bin/server  (go1.23.4, classic maps)
  growths  1,140 (1,100 double, 40 same_size)
  ended    1,138, 2 still under way, 1 that began before tracing
  bytes    3.8 MiB allocated for the new buckets
  time     7.0 ms between start and end of the growths, the slowest 900.0 µs
process 42  /usr/bin/worker  (go1.24.1, swiss maps)
  growths  100 (30 to_table, 60 table_double, 10 split)
  ended    100
  bytes    976.6 KiB allocated for the new buckets
  time     200.0 µs between start and end of the growths, the slowest 50.0 µs

    GROWTHS       BYTES       TIME      MAPS   LARGEST  WHERE, AND WHICH TYPE
      1,140     3.8 MiB     7.0 ms        95       832  main.(*cache).put
                                                        /src/server/cache.go:214
                                                        map[string]*main.entry
         90   976.6 KiB   200.0 µs        12       896  github.com/example/worker/internal/index.Build
                                                        /src/worker/index.go:17
                                                        (type not known)
         10         0 B       0 ns         0         7  (not known)
                                                        map[int]bool
)");
}

TEST(ReportText, CutsNamesAt80Columns) {
  const auto text = report_text(sample_report(), 80);
  EXPECT_EQ(text.substr(text.find("\n\n    GROWTHS")),
            R"(

    GROWTHS       BYTES       TIME      MAPS   LARGEST  WHERE, AND WHICH TYPE
      1,140     3.8 MiB     7.0 ms        95       832  main.(*cache).put
                                                        /src/server/cache.go:214
                                                        map[string]*main.entry
         90   976.6 KiB   200.0 µs        12       896  …er/internal/index.Build
                                                        /src/worker/index.go:17
                                                        (type not known)
         10         0 B       0 ns         0         7  (not known)
                                                        map[int]bool
)");
}

TEST(ReportText, HasNoColumnsOnANarrowTerminal) {
  EXPECT_EQ(report_text(sample_report(), 40),
            R"(1,240 growths in 2.5 s, 4.8 MiB
    allocated, 7.2 ms growing

process 41  /usr/bin/server  (go1.23.4,
    classic maps)
  growths  1,140 (1,100 double, 40
    same_size)
  ended    1,138, 2 still under way, 1
    that began before tracing
  bytes    3.8 MiB allocated for the new
    buckets
  time     7.0 ms between start and end
    of the growths, the slowest 900.0 µs
process 42  /usr/bin/worker  (go1.24.1,
    swiss maps)
  growths  100 (30 to_table, 60
    table_double, 10 split)
  ended    100
  bytes    976.6 KiB allocated for the
    new buckets
  time     200.0 µs between start and
    end of the growths, the slowest 50.0
    µs

WHERE, AND WHICH TYPE
  1,140 growths, 3.8 MiB, 7.0 ms, 95
    maps, largest 832
    main.(*cache).put
    /src/server/cache.go:214
    map[string]*main.entry
  90 growths, 976.6 KiB, 200.0 µs, 12
    maps, largest 896
…com/example/worker/internal/index.Build
    /src/worker/index.go:17
    (type not known)
  10 growths, 0 B, 0 ns, 0 maps, largest
    7
    (not known)
    map[int]bool
)");
}

TEST(ReportText, SaysThatNoMapGrew) {
  TraceReport report;
  report.duration_ns = 1'000'000'000;
  EXPECT_EQ(report_text(report, 0),
            "0 growths in 1.0 s, 0 B allocated, 0 ns growing\n\n\n"
            "No map grew.\n");
}

TEST(ReportText, CountsOneGrowthInTheSingular) {
  TraceReport report;
  report.summary.counts.started = 1;
  EXPECT_TRUE(report_text(report, 0).starts_with("1 growth in 0.0 s"));
}

TEST(ReportText, NotesEachLoss) {
  auto report = sample_report();
  report.stats.at(GM_STAT_RING_FULL) = 1;
  report.stats.at(GM_STAT_FAULT) = 2;
  report.stats.at(GM_STAT_STACKS_FULL) = 3;
  report.stats.at(GM_STAT_OPEN_FULL) = 4;
  report.summary.go_maps_exact = false;
  report.command_failure = "exited with status 3";
  const auto text = report_text(report, 0);
  EXPECT_EQ(text.substr(text.find("\nnote: ")),
            R"(
note: 1 growth records did not fit the ring: counts are exact, MAPS is a lower bound
note: 2 probe hits could not be read or kept and are not counted
note: 3 growths have no call site: too many different ones
note: 4 growths under way were too many to remember: their ends count as begun before tracing
note: too many maps to tell apart: MAPS is a lower bound
note: the command exited with status 3
)");
}

std::size_t longest_line(const std::string& text) {
  std::size_t longest = 0;
  for (const auto& line : test::split(text, '\n')) longest = std::max(longest, columns(line));
  return longest;
}

TEST(ReportText, HasNoLineLongerThanTheTerminal) {
  auto report = sample_report();
  report.stats.at(GM_STAT_RING_FULL) = 1;
  report.command_failure = "exited with status 3";
  report.summary.sites.push_back(report.summary.sites.front());
  report.summary.sites.back().counts.started = UINT64_MAX;
  report.summary.sites.back().max_keys = UINT64_MAX;
  for (std::size_t width = 1; width <= 200; ++width) {
    EXPECT_LE(longest_line(report_text(report, width)), width);
    EXPECT_LE(longest_line(report_text(hostile_report(), width)), width);
  }
}

TEST(ReportText, LetsNoNameReachTheTerminal) {
  for (const std::size_t width : {0U, 40U, 80U, 200U}) {
    const auto text = report_text(hostile_report(), width);
    EXPECT_TRUE(std::ranges::none_of(text, [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f || c == '\xff';
    })) << text;
    EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
    EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
  }
}

}  // namespace
}  // namespace gomapd::exporter
