// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// That the facts which the probes rely on show in what real toolchains build,
// however they build it.
#include "probes/plan/facts.h"

#include <algorithm>

#include "tests/unit/probes/plan/go_file.h"

namespace gomapd::test {
namespace {

struct Variant {
  std::string name;
  std::vector<std::string> flags;
  bool cgo = false;
};

std::vector<Variant> variants() {
  return {{"plain", {}}, {"stripped", {"-ldflags=-s -w"}}, {"pie", {"-buildmode=pie"}}};
}

// They compile the standard library anew.
std::vector<Variant> costly_variants() {
  return {{"not_inlined", {"-gcflags=all=-l"}},
          {"unoptimised", {"-gcflags=all=-N -l"}},
          {"race", {"-race"}, true}};
}

using Parameter = std::tuple<std::string, Variant>;

class Facts : public testing::TestWithParam<Parameter> {};

TEST_P(Facts, AllShowInTheBinary) {
  const auto& [minor, variant] = GetParam();
  std::string missing;
  const auto file =
      truth_program(minor, variant.flags, missing,
                    {variant.cgo ? "CGO_ENABLED=1" : "CGO_ENABLED=0", "GOEXPERIMENT="});
  if (!file) GTEST_SKIP() << missing;
  const auto binary = analyse(file->bytes());
  ASSERT_TRUE(binary) << binary.error().context;
  EXPECT_EQ(binary->refusal, "");
  EXPECT_FALSE(binary->version_assumed);
  const bool is_swiss = binary->design == go::Design::kSwiss;
  const auto facts =
      check_facts(*binary, is_swiss ? Proof::kEverythingShows : Proof::kNothingContradicts);
  EXPECT_TRUE(facts) << facts.error().context;
}

std::string test_name(const testing::TestParamInfo<Parameter>& info) {
  auto name = std::get<0>(info.param) + "_" + std::get<1>(info.param).name;
  std::ranges::replace(name, '.', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Go, Facts,
                         testing::Combine(testing::Values("1.15", "1.19", "1.21", "1.22", "1.23",
                                                          "1.24", "1.25", "1.26", "1.27"),
                                          testing::ValuesIn(variants())),
                         test_name);
INSTANTIATE_TEST_SUITE_P(GoOtherwiseCompiled, Facts,
                         testing::Combine(testing::Values("1.24", "1.27"),
                                          testing::ValuesIn(costly_variants())),
                         test_name);

// Every program in the cache, profile-guided ones too: those that the live tests
// have built, and the toolchains' own.
TEST(FactsOfEveryProgram, NeverRefuseAKnownRelease) {
  std::size_t seen = 0;
  std::error_code error;
  for (const char* folder : {"programs", "go"}) {
    const auto options = std::filesystem::directory_options::skip_permission_denied;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(cache_folder() / folder, options, error)) {
      const auto mode = entry.status(error).permissions();
      if (!entry.is_regular_file(error) || entry.is_symlink(error)) continue;
      if ((mode & std::filesystem::perms::owner_exec) == std::filesystem::perms::none) continue;
      const auto bytes = read_file(entry.path());
      if (!bytes) continue;
      const auto binary = analyse(*bytes);
      if (!binary || binary->image.machine() != elf::Machine::kAmd64 || !binary->design) continue;
      ++seen;
      EXPECT_EQ(binary->refusal, "") << entry.path();
    }
  }
  if (seen == 0) GTEST_SKIP() << "no Go program in the cache: run scripts/go-toolchains.sh";
}

}  // namespace
}  // namespace gomapd::test
