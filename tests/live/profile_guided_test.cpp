// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// Profile-guided builds inline the runtime's growth functions into its hot
// callers, and may lose their symbols: each copy has a probe of its own.
#include <gtest/gtest.h>

#include <array>

#include "tests/live/lab.h"
#include "tests/live/tracing.h"

namespace gomapd::live {
namespace {

struct Profile {
  Build build;
  const char* name;
  Guide guide;
};
void PrintTo(const Profile& profile, std::ostream* out) {
  *out << profile.build << ' ' << profile.name;
}

class ProfileGuided : public testing::TestWithParam<Profile> {};

TEST_P(ProfileGuided, IsCountedExactly) {
  GOMAPD_LIVE_OR_SKIP();
  GOMAPD_BUILD_OR_SKIP(GetParam().build);
  const auto program = build_guided_truth(GetParam().build, GetParam().guide);
  ASSERT_TRUE(program.has_value()) << program.error();
  const auto traced = trace_command(*program, {"all"}, {"--ring-bytes", "67108864"});
  const auto problems = check_exact(traced);
  EXPECT_TRUE(problems.empty()) << problems.text();
}

// Small maps heat the functions that start growths, large ones those that move. Each is a
// standard library to compile, so the two between are for one release of each design.
std::vector<Profile> profiles() {
  std::vector<Profile> all;
  for (const auto& build : plain_builds()) {
    if (build.version == "1.15" || build.version == "1.19") continue;
    all.push_back({build, "small", {"9", "siwpta"}});
    all.push_back({build, "large", {"3000", "siwpta"}});
  }
  for (const auto& build : one_of_each_design()) {
    all.push_back({build, "strings", {"9", "s"}});
    all.push_back({build, "medium", {"17", "ipt"}});
  }
  return all;
}

std::string profile_name(const testing::TestParamInfo<Profile>& info) {
  return name_of(info.param.build) + "_" + info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Live, ProfileGuided, testing::ValuesIn(profiles()), profile_name);

// What Go's own compilers are known to have inlined.
struct Copy {
  const char* version;
  const char* function;
  const char* inlined;
};

TEST(ProfileGuidedCompiler, HasAProbeInEachCopy) {
  constexpr std::array kCopies{
      Copy{"1.21", "runtime.evacuate_faststr", "runtime.advanceEvacuationMark"},
      Copy{"1.22", "runtime.mapassign", "runtime.hashGrow"},
      Copy{"1.22", "runtime.evacuate", "runtime.advanceEvacuationMark"},
      Copy{"1.24", "internal/runtime/maps.(*table).rehash", "internal/runtime/maps.(*table).grow"},
      Copy{"1.27", "internal/runtime/maps.(*table).rehash", "internal/runtime/maps.(*table).split"},
  };
  for (const auto& copy : kCopies) {
    SCOPED_TRACE(copy.version);
    GOMAPD_BUILD_OR_SKIP(Build{copy.version});
    const auto inspected = run({gomapd_path(), "inspect", "--json", compiler_path(copy.version)});
    ASSERT_EQ(inspected.ending.code, 0) << inspected.errors;
    const auto plan = Json::parse(inspected.output);
    int found = 0;
    for (const auto& site : plan["probe_sites"]) {
      if (site["function"] != copy.function || site["inlined"] != copy.inlined) continue;
      ++found;
      EXPECT_EQ(site["emulated"], true);
    }
    EXPECT_EQ(found, 1);
  }
}

}  // namespace
}  // namespace gomapd::live
