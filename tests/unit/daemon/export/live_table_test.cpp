// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/export/report.h"
#include "daemon/export/terminal.h"
#include "tests/support/go_program.h"
#include "tests/unit/daemon/export/sample_report.h"

namespace gomapd::exporter {
namespace {

TraceReport report_of(std::size_t sites) {
  auto report = sample_report();
  const auto first = report.summary.sites.front();
  report.summary.sites.assign(sites, first);
  for (std::size_t i = 0; i < sites; ++i)
    report.summary.sites[i].function = fmt::format("main.function{:03}", i);
  return report;
}

TEST(LiveTable, ShowsTheSitesThatGrewMost) {
  EXPECT_EQ(live_table(sample_report(), 80, 24),
            R"(1,240 growths in 2.5 s, 4.8 MiB allocated, 7.2 ms growing
  GROWTHS       BYTES     MAPS  FUNCTION, TYPE
    1,140     3.8 MiB       95  main.(*cache).put  map[string]*main.entry
       90   976.6 KiB       12  …e/worker/internal/index.Build  (type not known)
       10         0 B        0  (not known)  map[int]bool
)");
}

// The cursor stands in the row below: a table of all rows would scroll.
TEST(LiveTable, LeavesTheLastRowToTheCursor) {
  const auto text = live_table(report_of(100), 80, 10);
  EXPECT_EQ(std::ranges::count(text, '\n'), 9);
  EXPECT_NE(text.find("main.function006"), std::string::npos);
  EXPECT_EQ(text.find("main.function007"), std::string::npos);
}

TEST(LiveTable, KeepsALineWholeThatJustFits) {
  const std::string first = "1,240 growths in 2.5 s, 4.8 MiB allocated, 7.2 ms growing";
  EXPECT_TRUE(live_table(sample_report(), first.size(), 24).starts_with(first + "\n"));
  EXPECT_TRUE(live_table(sample_report(), first.size() - 1, 24)
                  .starts_with(first.substr(0, first.size() - 2) + "…\n"));
}

TEST(LiveTable, FitsEveryTerminal) {
  for (const auto& report : {report_of(0), report_of(1), report_of(100), hostile_report()}) {
    for (std::size_t rows = 0; rows <= 40; ++rows) {
      for (std::size_t width = 1; width <= 140; ++width) {
        const auto text = live_table(report, width, rows);
        ASSERT_LE(static_cast<std::size_t>(std::ranges::count(text, '\n')),
                  std::max<std::size_t>(rows, 1) - 1);
        for (const auto& line : test::split(text, '\n'))
          ASSERT_LE(columns(line), width) << rows << " rows: " << line;
      }
    }
  }
}

TEST(LiveTable, LetsNoNameReachTheTerminal) {
  EXPECT_TRUE(std::ranges::none_of(live_table(hostile_report(), 120, 24), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f || c == '\xff';
  }));
}

}  // namespace
}  // namespace gomapd::exporter
