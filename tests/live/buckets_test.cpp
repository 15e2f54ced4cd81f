// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// `--detail buckets` against a program that sees in its own map headers which
// old buckets have moved, in maps that are left half grown too.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "tests/live/lab.h"
#include "tests/live/tracing.h"

namespace gomapd::live {
namespace {

// Those of the program; the runtime grows maps of its own.
bool is_ours(const Json& line) {
  static const std::set<std::string> kTypes{"map[uint64]int", "map[uint32]int", "map[string]int",
                                            "map[main.wide]int"};
  return line["map_type"].is_string() && kTypes.contains(line["map_type"].get<std::string>());
}

class Buckets : public testing::TestWithParam<Build> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    GOMAPD_BUILD_OR_SKIP(GetParam());
    const auto built = build_go(GetParam(), source_folder() / "tests/live/go/moved");
    ASSERT_TRUE(built) << built.error();
    traced_ = trace_command(*built, {}, {"--detail", "buckets", "--ring-bytes", "67108864"});
    ASSERT_EQ(traced_.gomapd.ending.code, 0) << traced_.gomapd.errors;
    ASSERT_EQ(traced_.report.summary["lost_events"], 0);
  }

  Traced traced_;
};

TEST_P(Buckets, CountsEachMovedBucketOnce) {
  std::istringstream output(traced_.gomapd.output);
  int64_t moved = 0;
  int64_t half_grown = 0;
  output >> moved >> half_grown;
  ASSERT_GT(half_grown, 0);
  int64_t told = 0;
  for (const auto& line : traced_.report.lines)
    told += line["event"] == "bucket_evacuated" && is_ours(line) ? 1 : 0;
  EXPECT_EQ(told, moved);
  EXPECT_EQ(lines_of(traced_.report, "bucket_evacuated"), count(traced_.report, "bucket_evacuated"));
}

TEST_P(Buckets, TellsTheProgressOfEachGrowth) {
  std::map<std::string, std::set<int64_t>> moved;  // by map, of the growth under way
  for (const auto& line : traced_.report.lines) {
    if (!line.contains("map") || !is_ours(line)) continue;
    const auto event = line["event"].get<std::string>();
    auto& buckets = moved[line["map"]];
    if (event == "growth_started") buckets.clear();
    if (event == "bucket_evacuated") {
      ASSERT_TRUE(buckets.insert(line["bucket"].get<int64_t>()).second) << line;
      ASSERT_LT(line["bucket"], line["old_buckets"]) << line;
      ASSERT_EQ(line["evacuated"], static_cast<int64_t>(buckets.size())) << line;
    }
    if (event != "growth_finished") continue;
    ASSERT_EQ(line["old_buckets"], std::ssize(buckets)) << line;
  }
}

std::vector<Build> classic_builds() {
  auto builds = plain_builds();
  std::erase_if(builds, [](const Build& build) {
    const bool has_classic = std::stoi(build.version.substr(2)) < 24;
    return !has_classic && build.experiment != "noswissmap";
  });
  return builds;
}

std::string test_name(const testing::TestParamInfo<Build>& info) { return name_of(info.param); }

INSTANTIATE_TEST_SUITE_P(Live, Buckets, testing::ValuesIn(classic_builds()), test_name);

}  // namespace
}  // namespace gomapd::live
