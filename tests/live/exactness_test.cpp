// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// gomapd against the truth program: the same numbers, to the unit.
#include <gtest/gtest.h>

#include "tests/live/lab.h"
#include "tests/live/tracing.h"

namespace gomapd::live {
namespace {

void expect_exact(const Traced& traced, const Report& baseline = {}) {
  const auto problems = check_exact(traced, baseline);
  EXPECT_TRUE(problems.empty()) << problems.text();
}

class Exactness : public testing::TestWithParam<Build> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    GOMAPD_BUILD_OR_SKIP(GetParam());
    const auto built = build_truth(GetParam());
    ASSERT_TRUE(built.has_value()) << built.error();
    program_ = *built;
    baseline_ = baseline_of(program_, GetParam().version);
    ASSERT_TRUE(baseline_.problems.empty()) << baseline_.problems.text();
  }

  std::filesystem::path program_;
  Report baseline_;
};

class ExactnessOfEveryDesign : public Exactness {};
class ExactnessOfUncommonBuilds : public Exactness {};

// Every workload one after the other in one process.
TEST_P(Exactness, CountsWhatTheProgramCounts) {
  for (int i = 0; i < repetitions(); ++i) {
    const auto traced = trace_command(program_, {"all"}, {"--ring-bytes", "67108864"});
    expect_exact(traced, baseline_);
    EXPECT_EQ(traced.report.summary.value("lost_events", -1), 0);
    if (HasFailure()) break;
  }
}

// The same in less time: `make support` runs every toolchain in every way.
TEST_P(ExactnessOfUncommonBuilds, CountsWhatTheProgramCounts) {
  expect_exact(trace_command(program_, {"-scale", "5", "all"}, {"--ring-bytes", "67108864"}),
               baseline_);
}

TEST_P(Exactness, NamesProcessAndVersion) {
  const auto traced = trace_command(program_, {"update"});
  expect_exact(traced, baseline_);
  ASSERT_EQ(lines_of(traced.report, "process_started"), 1);
  ASSERT_EQ(lines_of(traced.report, "process_exited"), 1);
  const auto& started = traced.report.lines.front();
  EXPECT_EQ(started["event"], "process_started");
  EXPECT_EQ(started["go_version"], traced.truth["go"]);
  EXPECT_EQ(started["impl"], traced.truth["impl"]);
  EXPECT_EQ(started["exe"], program_.string());
  ASSERT_EQ(traced.report.summary["processes"].size(), 1);
  const auto& process = traced.report.summary["processes"][0];
  EXPECT_EQ(process["pid"], started["pid"]);
  EXPECT_EQ(process["go_version"], traced.truth["go"]);
  EXPECT_EQ(process["counts"], traced.report.summary["counts"]);
}

// One at a time, so that a failure names the culprit.
TEST_P(ExactnessOfEveryDesign, CountsEachWorkload) {
  for (const char* workload :
       {"sizes", "kinds", "hints", "literal", "reuse", "window", "random", "clear", "update", "nan",
        "open", "range", "smallstacks", "stackmaps", "goroutines", "preempt", "gc"}) {
    SCOPED_TRACE(workload);
    expect_exact(trace_command(program_, {workload}), baseline_);
  }
}

TEST_P(ExactnessOfEveryDesign, KeepsCountsExactWhereTheRingIsTooSmall) {
  const auto traced = trace_command(program_, {"all"}, {"--ring-bytes", "4096"});
  expect_exact(traced, baseline_);
  EXPECT_GT(traced.report.summary.value("lost_events", 0), 0);
}

TEST_P(ExactnessOfEveryDesign, CountsNothingWhereNothingGrows) {
  const auto traced = trace_command(program_, {"none"});
  expect_exact(traced, baseline_);
  EXPECT_EQ(traced.truth["started"], 0);
}

// reflect.MapOf makes types that are in no table of the binary, and from Go 1.24
// on grows maps of its own while it does: compare the types that the program has.
TEST_P(ExactnessOfEveryDesign, NamesTypesMadeAtRunTime) {
  const auto traced = trace_command(program_, {"reflect"});
  ASSERT_EQ(traced.gomapd.ending.code, 0) << traced.gomapd.errors;
  const auto form = check_form(traced.report);
  EXPECT_TRUE(form.empty()) << form.text();
  ASSERT_EQ(traced.report.summary.value("lost_events", -1), 0);
  const auto got = growths_by(traced.report, "map_type");
  for (const auto& [type, counts] : traced.truth["by_type"].items()) {
    const auto found = got.find(type);
    EXPECT_EQ(found == got.end() ? 0 : found->second, counts["started"].get<int64_t>()) << type;
  }
}

std::string test_name(const testing::TestParamInfo<Build>& info) {
  return name_of(info.param);
}

INSTANTIATE_TEST_SUITE_P(Live, Exactness, testing::ValuesIn(common_builds()), test_name);
INSTANTIATE_TEST_SUITE_P(Live, ExactnessOfUncommonBuilds, testing::ValuesIn(uncommon_builds()),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Live, ExactnessOfEveryDesign, testing::ValuesIn(plain_builds()),
                         test_name);

}  // namespace
}  // namespace gomapd::live
