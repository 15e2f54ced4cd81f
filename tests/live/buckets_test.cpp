// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// `--detail buckets` against a program that sees in its own map headers which
// old buckets have moved, in maps that are left half grown too.
#include <gtest/gtest.h>

#include "tests/live/moved.h"

namespace gomapd::live {
namespace {

class Buckets : public testing::TestWithParam<Build> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    GOMAPD_BUILD_OR_SKIP(GetParam());
    const auto built = build_moved(GetParam());
    ASSERT_TRUE(built) << built.error();
    traced_ = trace_moved(*built);
  }

  Traced traced_;
};

TEST_P(Buckets, CountsEachMovedBucketOnce) {
  const auto problems = check_moved(traced_);
  EXPECT_TRUE(problems.empty()) << problems.text();
  EXPECT_GT(buckets_moved(traced_), 0);
}

TEST_P(Buckets, TellsTheProgressOfEachGrowth) {
  ASSERT_FALSE(traced_.report.lines.empty()) << traced_.gomapd.errors;
  const auto problems = check_progress(traced_);
  EXPECT_TRUE(problems.empty()) << problems.text();
}

std::vector<Build> classic_builds() {
  auto builds = plain_builds();
  std::erase_if(builds, [](const Build& build) { return !has_classic_maps(build); });
  return builds;
}

std::string test_name(const testing::TestParamInfo<Build>& info) {
  return name_of(info.param);
}

INSTANTIATE_TEST_SUITE_P(Live, Buckets, testing::ValuesIn(classic_builds()), test_name);

}  // namespace
}  // namespace gomapd::live
