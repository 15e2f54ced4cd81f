// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/flamegraph.h"

#include <gtest/gtest.h>

#include <regex>

#include "tests/unit/daemon/export/sample_profile.h"

namespace gomapd::exporter {
namespace {

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t times = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++times;
  return times;
}

// "x width" of the box with this name.
std::pair<double, double> place_of(const std::string& svg, const std::string& name) {
  const std::regex box("x=\"([0-9.]+)\" y=\"[0-9.]+\" width=\"([0-9.]+)\"[^>]*data-n=\"" + name +
                       "\"");
  std::smatch match;
  if (!std::regex_search(svg, match, box)) return {-1, -1};
  return {std::stod(match[1]), std::stod(match[2])};
}

TEST(Flamegraph, HasABoxForEachFrameAndType) {
  const SampleProfile sample;
  const auto svg = flamegraph_svg(sample.report, Weight::kGrowths);
  // The root, a box for each process, 4 + 4 + 1 frames, a type on top of each.
  EXPECT_EQ(count(svg, "<svg class=\"b"), 1U + 2U + 9U + 3U);
  EXPECT_EQ(count(svg, "<title>"), count(svg, "</title>"));
  EXPECT_NE(svg.find("<title>main.(*cache).put: 1,140 growths, 91.94 %</title>"),
            std::string::npos);
  EXPECT_NE(svg.find("all: 1,240 growths"), std::string::npos);
}

TEST(Flamegraph, IsAsWideAsTheWeight) {
  const SampleProfile sample;
  const auto svg = flamegraph_svg(sample.report, Weight::kBytes);
  const auto [x, width] = place_of(svg, "main\\.serve");
  EXPECT_NEAR(width, 1176 * 0.8, 1);
  const auto [type_x, type_width] = place_of(svg, "map\\[string\\]\\*main\\.entry");
  EXPECT_DOUBLE_EQ(type_x, x);
  EXPECT_DOUBLE_EQ(type_width, width);
}

TEST(Flamegraph, OrdersCalleesByName) {
  SampleProfile sample;
  sample.report.summary.processes.resize(1);
  sample.put = {{"main.a", "", 1, false, 1}, {"main.main", "", 1, false, 2}};
  sample.build = {{"main.b", "", 1, false, 3}, {"main.main", "", 1, false, 2}};
  const auto svg = flamegraph_svg(sample.report, Weight::kGrowths);
  EXPECT_LT(place_of(svg, "main\\.a").first, place_of(svg, "main\\.b").first);
  EXPECT_EQ(count(svg, "data-n=\"main.main\""), 1U);
}

TEST(Flamegraph, RefersToNothingOutside) {
  const SampleProfile sample;
  auto svg = flamegraph_svg(sample.report, Weight::kGrowths);
  const std::string name_space = "xmlns=\"http://www.w3.org/2000/svg\"";
  svg.erase(svg.find(name_space), name_space.size());
  for (const auto* outside : {"http", "href", "src=", "url(", "@import", "://"})
    EXPECT_EQ(svg.find(outside), std::string::npos) << outside;
}

TEST(Flamegraph, EscapesHostileNames) {
  SampleProfile sample;
  const std::string evil =
      "x]]></svg><script>alert('1')</script>\"&\xef\xbf\xbf" + std::string(kHostileName);
  for (auto& process : sample.report.summary.processes) process.process.exe = evil;
  sample.put = {{evil, evil, 1, false, 1}};
  sample.entries.name = evil;
  const auto svg = flamegraph_svg(sample.report, Weight::kGrowths);
  EXPECT_EQ(count(svg, "<script>"), 1U);
  EXPECT_EQ(count(svg, "]]>"), 1U);
  EXPECT_EQ(svg.find("alert('"), std::string::npos);
  EXPECT_EQ(svg.find("\xef\xbf\xbf"), std::string::npos);
  EXPECT_EQ(svg.find('\x1b'), std::string::npos);
  EXPECT_EQ(svg.find('\xff'), std::string::npos);
}

TEST(Flamegraph, SaysSoWhereNothingGrew) {
  const auto svg = flamegraph_svg(TraceReport(), Weight::kGrowths);
  EXPECT_NE(svg.find("No map grew."), std::string::npos);
  EXPECT_EQ(svg.find("<svg class=\"b"), std::string::npos);
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

TEST(Flamegraph, CountsBoxesThatNobodyCouldSee) {
  SampleProfile sample;
  sample.report.summary.stacks[0].counts.started = 100'000'000;
  const auto svg = flamegraph_svg(sample.report, Weight::kGrowths);
  EXPECT_NE(svg.find("too narrow to be drawn"), std::string::npos);
}

}  // namespace
}  // namespace gomapd::exporter
