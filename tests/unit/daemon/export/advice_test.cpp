// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "daemon/export/advice_text.h"
#include "tests/unit/daemon/export/sample_report.h"
#include "tests/unit/daemon/model/growing_map.h"

namespace gomapd::exporter {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kTraceNs = 60'000'000'000;

class AdviceOutput : public testing::Test {
 protected:
  // Maps that are made all through the trace.
  void fill(const model::Place& place, std::uint64_t keys, int maps, std::uint64_t ns_per_key = 1) {
    for (int i = 0; i < maps; ++i)
      model::GrowingMap(place, address_ += 64,
                        [this](const model::GrowthEvent& event) { seen_.add(event); })
          .fill(keys, kTraceNs / static_cast<std::uint64_t>(maps) * static_cast<std::uint64_t>(i),
                ns_per_key);
  }
  model::Advice advice() const { return model::advise(seen_, 90, 0, kTraceNs); }
  std::string text() const { return advice_text(advice(), 0); }
  Json json() const { return Json::parse(advice_json(advice()), nullptr, false); }
  bool says(const std::string& what) const { return text().find(what) != std::string::npos; }

  model::Place place_{"main.f", model::classic_shape()};
  model::SizesSeen seen_;
  std::uint64_t address_ = 0xc000000000;
};

TEST_F(AdviceOutput, SaysWhatToWriteAndWhere) {
  fill(place_, 100, 60);
  EXPECT_EQ(
      text(),
      "240 growths of 60 maps in 60.0 s; hints are enough for 90 % of the maps of a place\n"
      "\n"
      " 1. make(map[int]int, 104)\n"
      "    where    the map assigned at main.go:7 in main.f\n"
      "    sizes    60 maps of 53 to 104 keys\n"
      "    a map    saves 4 growths, 2.1 KiB thrown away, at most 4.0 µs\n"
      "    an hour  saves 14,400 growths, 7.4 MiB thrown away, at most 14.4 ms\n"
      "    costs    nothing for these maps\n"
      "    but      pays only while no more than 50 maps of up to 8 keys, which are not seen, "
      "are made there too: each would take 2.5 KiB more\n"
      "    or       any hint from 53 to 104, which makes the same map\n"
      "\n"
      "note: a classic map moves its buckets bit by bit, so its growth takes less work than "
      "the time between its start and end\n");
}

TEST_F(AdviceOutput, HasTheFieldsOfTheContract) {
  fill(place_, 100, 60);
  const auto site = json()["sites"][0];
  EXPECT_EQ(site["function"], "main.f");
  EXPECT_EQ(site["file"], "main.go");
  EXPECT_EQ(site["line"], 7);
  EXPECT_EQ(site["map_type"], "map[int]int");
  EXPECT_EQ(site["maps"], 60);
  EXPECT_EQ(site["hint"], 104);
  EXPECT_EQ(site["growths_saved"], 240);
  EXPECT_EQ(site["bytes_saved"], 60 * (144 + 288 + 576 + 1152));
  EXPECT_EQ(site["time_saved_ns"], 240 * model::kGrowthNs);
  EXPECT_EQ(site["bytes_wasted"], 0);
  EXPECT_EQ(site["verdict"], "hint");
  EXPECT_EQ(site["per_map"]["growths_saved"], 4);
  EXPECT_DOUBLE_EQ(site["per_hour"]["growths_saved"].get<double>(), 240 * 60);
  EXPECT_FALSE(site.contains("if_hinted"));
}

TEST_F(AdviceOutput, AdvisesNothingWhereNoHintHelps) {
  fill(place_, 12, 80);
  fill(place_, 5000, 20);
  const auto site = json()["sites"][0];
  EXPECT_EQ(site["verdict"], "sizes_spread");
  EXPECT_EQ(site["hint"], 0);
  EXPECT_EQ(site["bytes_saved"], 0);
  EXPECT_EQ(site["if_hinted"]["hint"], 6656);
  EXPECT_EQ(site["better"]["hint"], 13);
  EXPECT_TRUE(says("No hint is worth writing"));
  EXPECT_TRUE(says("sizes are too far apart: a hint of 6,656 saves"));
}

TEST_F(AdviceOutput, SaysNothingOfAnHourForWhatHappenedOnce) {
  fill(place_, 100'000, 1);
  EXPECT_FALSE(says("an hour"));
  EXPECT_TRUE(json()["sites"][0]["per_hour"].is_null());
}

TEST_F(AdviceOutput, SaysNothingOfAnHourForWhatAStartUpDid) {
  for (int i = 0; i < 60; ++i)
    model::GrowingMap(place_, address_ += 64, [this](const model::GrowthEvent& event) {
      seen_.add(event);
    }).fill(100, 1'000'000'000);
  EXPECT_TRUE(says("make(map[int]int, 104)"));
  EXPECT_FALSE(says("an hour"));
  EXPECT_TRUE(json()["sites"][0]["per_hour"].is_null());
}

TEST_F(AdviceOutput, SaysWhatALargerHintWouldWaste) {
  fill(place_, 100, 70);
  fill(place_, 400, 30);
  EXPECT_TRUE(says("make(map[int]int, 104)")) << text();
  EXPECT_TRUE(says("a hint for 90 % of the maps, 416, would save")) << text();
  EXPECT_EQ(json()["sites"][0]["hint"], 104);
  EXPECT_EQ(json()["sites"][0]["too_large"]["hint"], 416);
}

TEST_F(AdviceOutput, CountsOneAsOne) {
  fill(place_, 12, 80);
  EXPECT_TRUE(says("a map    saves 1 growth, ")) << text();
  auto none = advice();
  none.sites[0].asked.bytes = none.sites[0].asked.bytes_per_unseen / 2;
  const auto text = advice_text(none, 0);
  EXPECT_NE(text.find("pays only while no map of up to 8 keys, which is not seen, is made there"),
            std::string::npos)
      << text;
}

TEST_F(AdviceOutput, OfACacheSaysWhoseRulesItAssumes) {
  CachePlanReport report;
  report.plan.shape = model::swiss_shape();
  EXPECT_EQ(cache_plan_text(report).find("rules"), std::string::npos);
  report.assumed_rules = "go1.27";
  EXPECT_NE(cache_plan_text(report).find("rules          go1.27's are assumed: the newest known\n"),
            std::string::npos);
  EXPECT_EQ(Json::parse(cache_plan_json(report))["assumed_rules"], "go1.27");
}

TEST_F(AdviceOutput, CountsSmallSitesOnly) {
  fill(place_, 20, 1);
  EXPECT_TRUE(says("1 site grew too little to be worth a change"));
  EXPECT_FALSE(says("main.f"));
}

TEST_F(AdviceOutput, ShowsTheEvidenceOfALeak) {
  fill(place_, 60'000, 1, 1'000'000);
  EXPECT_TRUE(says("Grows and grows"));
  EXPECT_TRUE(
      says("had 8 keys after 0.0 s and 53,248 after 53.2 s: 14 growths, 1000 keys a second"))
      << text();
  const auto suspect = json()["leak_suspects"][0];
  EXPECT_EQ(suspect["last"]["keys"], 53'248);
  EXPECT_EQ(suspect["last"]["after_ns"], 53'248'000'000);
  EXPECT_EQ(suspect["doublings"].back()["keys"], 53'248);
}

TEST_F(AdviceOutput, SaysWhatItDoesNotKnow) {
  auto incomplete = advice();
  incomplete.lost_events = 1234;
  incomplete.forgotten = 5;
  const auto text = advice_text(incomplete, 0);
  EXPECT_NE(text.find("1,234 growth records were lost"), std::string::npos);
  EXPECT_NE(text.find("5 were not followed to the end"), std::string::npos);
}

TEST_F(AdviceOutput, OfNothingSaysSo) {
  EXPECT_TRUE(says("No map grew.\n"));
  EXPECT_EQ(json()["sites"], Json::array());
}

TEST_F(AdviceOutput, HoldsNothingThatATerminalWouldObey) {
  const std::string name(kHostileName);
  model::Place hostile(name, model::classic_shape());
  hostile.stack[0].file = name;
  hostile.type.name = name;
  model::Place library("net/url.Values.Add", model::classic_shape());
  library.stack.push_back({name, name, 3, false, 0});
  fill(hostile, 100, 60);
  fill(hostile, 100'000, 1, 500'000);
  fill(library, 100, 60);
  for (const std::size_t width : {0, 20, 80})
    for (const char one : advice_text(advice(), width))
      EXPECT_TRUE(one == '\n' || static_cast<unsigned char>(one) >= ' ') << static_cast<int>(one);
  const auto line = advice_json(advice());
  for (const char one : line) EXPECT_TRUE(one >= ' ' && one < 127) << static_cast<int>(one);
  EXPECT_TRUE(Json::accept(line));
}

}  // namespace
}  // namespace gomapd::exporter
