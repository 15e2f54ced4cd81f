// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// Profile-guided builds inline the runtime's growth functions into its hot
// callers, and may lose their symbols. They are counted exactly, or refused.
#include <gtest/gtest.h>

#include "tests/live/lab.h"
#include "tests/live/tracing.h"

namespace gomapd::live {
namespace {

struct Profile {
  const char* version;
  const char* name;
  std::vector<std::string> workloads;
};
void PrintTo(const Profile& profile, std::ostream* out) {
  *out << profile.version << ' ' << profile.name;
}

class ProfileGuided : public testing::TestWithParam<Profile> {};

TEST_P(ProfileGuided, IsCountedExactlyOrRefused) {
  GOMAPD_LIVE_OR_SKIP();
  const Build build{GetParam().version};
  GOMAPD_BUILD_OR_SKIP(build);
  const auto program = build_guided_truth(build, GetParam().name, GetParam().workloads);
  ASSERT_TRUE(program.has_value()) << program.error();
  const auto traced = trace_command(*program, {"all"}, {"--ring-bytes", "67108864"});
  if (traced.gomapd.ending.code == 4) GTEST_SKIP() << traced.gomapd.errors;
  ASSERT_EQ(traced.gomapd.ending.code, 0) << traced.gomapd.errors;
  const auto form = check_form(traced.report);
  EXPECT_TRUE(form.empty()) << form.text();
  const auto truth = check_truth(traced.report, traced.truth);
  EXPECT_TRUE(truth.empty()) << truth.text();
}

std::vector<Profile> profiles() {
  std::vector<Profile> all;
  for (const char* version : {"1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"}) {
    all.push_back({version, "small", {"kinds", "reuse", "sizes"}});
    all.push_back({version, "large", {"big"}});
  }
  return all;
}

std::string profile_name(const testing::TestParamInfo<Profile>& info) {
  return name_of(Build{info.param.version}) + "_" + info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Live, ProfileGuided, testing::ValuesIn(profiles()), profile_name);

}  // namespace
}  // namespace gomapd::live
