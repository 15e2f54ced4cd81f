// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The model beside each runtime at hand: a Go program does random things to maps
// and tells what their headers say; the model must say the same after each of
// them, and the same bytes where they were measured.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/model/replay.h"
#include "tests/support/go_build.h"

namespace gomapd::test {
namespace {

struct Runtime {
  std::string minor;
  go::Design design;
  std::string experiment;  // GOEXPERIMENT
};

void PrintTo(const Runtime& runtime, std::ostream* out) {
  *out << "go" << runtime.minor << ' ' << runtime.experiment;
}

class MapModel : public testing::TestWithParam<Runtime> {
 protected:
  void SetUp() override {
    const auto root = go_root(GetParam().minor);
    if (!root) GTEST_SKIP() << "no Go toolchain: run scripts/go-toolchains.sh " << GetParam().minor;
    std::vector<std::string> environment;
    if (!GetParam().experiment.empty())
      environment.push_back("GOEXPERIMENT=" + GetParam().experiment);
    const auto program = build_go_program(
        *root, std::filesystem::path(GOMAPD_MODEL_TESTS) / "replay", {}, environment);
    ASSERT_TRUE(program) << program.error().context;
    program_ = program->string();
  }

  [[nodiscard]] Replayed replay_of(const std::string& form, int seed, int operations, Bytes bytes,
                                   const std::string& as = GetParam().minor) const {
    const auto stream = run({program_, form, std::to_string(seed), std::to_string(operations)});
    if (!stream) return {.difference = stream.error().context};
    return replay(*stream, go::parse_version("go" + as).value(), bytes);
  }

  [[nodiscard]] static bool is_classic() { return GetParam().design == go::Design::kClassic; }

  // Each kind of growth that the design has must have come up.
  void expect_kinds(const Replayed& result, std::uint64_t at_least) const {
    const auto kinds = is_classic()
                           ? std::vector{GM_KIND_DOUBLE, GM_KIND_SAME_SIZE}
                           : std::vector{GM_KIND_TO_TABLE, GM_KIND_TABLE_DOUBLE, GM_KIND_SPLIT};
    for (const auto kind : kinds) EXPECT_GE(result.growths.at(kind), at_least) << kind;
  }

  std::string program_;
};

TEST_P(MapModel, GrowsWhenAndAsTheRuntimeDoes) {
  constexpr int kOperations = 2'400'000;
  for (const int seed : {1, 2}) {
    const auto result = replay_of("states", seed, kOperations / 2, Bytes::kUnknown);
    ASSERT_EQ(result.difference, "") << "seed " << seed;
    EXPECT_GE(result.operations, static_cast<std::uint64_t>(kOperations / 2));
    expect_kinds(result, 10);
    if (is_classic()) {
      EXPECT_GT(result.dropped, 0U);
      EXPECT_GT(result.sampled_operations, 1000U);
    } else if (GetParam().minor != "1.24") {
      EXPECT_GT(result.pruned, 0U);
    }
    RecordProperty("operations" + std::to_string(seed), std::to_string(result.operations));
  }
}

TEST_P(MapModel, AllocatesTheBytesThatTheRuntimeDoes) {
  const auto result = replay_of("bytes", 3, 60'000, Bytes::kCompared);
  ASSERT_EQ(result.difference, "");
  // Whether one grew in place is up to the hashes, which differ from run to run:
  // among so few operations none may have.
  EXPECT_GE(result.growths.at(is_classic() ? GM_KIND_DOUBLE : GM_KIND_TABLE_DOUBLE), 1U);
  EXPECT_GT(result.bytes, 100'000U);
}

// The comparison is worth something only if the rules of another version fail it.
class OtherRules : public MapModel {};

TEST_P(OtherRules, AreNoticed) {
  const auto& minor = GetParam().minor;
  const std::string other = minor == "1.21"   ? "1.22"   // the load factor
                            : minor == "1.24" ? "1.25"   // tombstones pruned
                                              : "1.26";  // 1.27: updates of a small map
  EXPECT_NE(replay_of("states", 4, 600'000, Bytes::kUnknown, other).difference, "");
}

std::string name_of(const testing::TestParamInfo<Runtime>& runtime) {
  const auto& [minor, design, experiment] = runtime.param;
  return "go1_" + minor.substr(2) + (experiment.empty() ? "" : "_" + experiment);
}

INSTANTIATE_TEST_SUITE_P(Runtimes, MapModel,
                         testing::Values(Runtime{"1.15", go::Design::kClassic, ""},
                                         Runtime{"1.19", go::Design::kClassic, ""},
                                         Runtime{"1.21", go::Design::kClassic, ""},
                                         Runtime{"1.22", go::Design::kClassic, ""},
                                         Runtime{"1.23", go::Design::kClassic, ""},
                                         Runtime{"1.24", go::Design::kClassic, "noswissmap"},
                                         Runtime{"1.25", go::Design::kClassic, "noswissmap"},
                                         Runtime{"1.24", go::Design::kSwiss, ""},
                                         Runtime{"1.25", go::Design::kSwiss, ""},
                                         Runtime{"1.26", go::Design::kSwiss, ""},
                                         Runtime{"1.27", go::Design::kSwiss, ""}),
                         name_of);

INSTANTIATE_TEST_SUITE_P(Runtimes, OtherRules,
                         testing::Values(Runtime{"1.21", go::Design::kClassic, ""},
                                         Runtime{"1.24", go::Design::kSwiss, ""},
                                         Runtime{"1.27", go::Design::kSwiss, ""}),
                         name_of);

}  // namespace
}  // namespace gomapd::test
