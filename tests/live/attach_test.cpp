// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// trace -p: processes that ran before gomapd came.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/live/lab.h"
#include "tests/live/tracing.h"

namespace gomapd::live {
namespace {

class Attach : public testing::TestWithParam<Build> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    GOMAPD_BUILD_OR_SKIP(GetParam());
    const auto built = build_truth(GetParam());
    ASSERT_TRUE(built.has_value()) << built.error();
    program_ = *built;
  }

  void expect_exact(const Traced& traced) {
    const auto problems = check_exact(traced);
    EXPECT_TRUE(problems.empty()) << problems.text();
  }

  std::filesystem::path program_;
};

TEST_P(Attach, CountsEverythingOnceItSaysThatItTraces) {
  for (int i = 0; i < repetitions(); ++i) {
    Attached attached(program_, {"all"}, {"--ring-bytes", "67108864"});
    ASSERT_EQ(attached.failure(), "");
    ASSERT_TRUE(attached.work()) << attached.program().errors();
    EXPECT_EQ(attached.leave().code, 0);
    expect_exact(attached.finish());
    if (HasFailure()) break;
  }
}

TEST_P(Attach, TellsGrowthsThatBeganBefore) {
  Attached attached(program_, {"-half", "open"});
  ASSERT_EQ(attached.failure(), "");
  ASSERT_TRUE(attached.work()) << attached.program().errors();
  EXPECT_EQ(attached.leave().code, 0);
  const auto traced = attached.finish();
  expect_exact(traced);
  if (traced.truth.value("impl", "") == "classic") {
    EXPECT_EQ(traced.truth["finished_only"], 7);
  }
}

TEST_P(Attach, EndsWithTheProcess) {
  Attached attached(program_, {"update"});
  ASSERT_EQ(attached.failure(), "");
  attached.program().send_signal(SIGKILL);
  const auto traced = attached.finish();
  EXPECT_EQ(traced.gomapd.ending.code, 0) << traced.gomapd.errors;
  EXPECT_EQ(count(traced.report, "growth_started"), 0);
  EXPECT_EQ(lines_of(traced.report, "process_exited"), 1);
}

TEST_P(Attach, EndsWhenTheTimeIsOver) {
  Attached attached(program_, {"update"}, {"-d", "2s"});
  ASSERT_EQ(attached.failure(), "");
  const auto traced = attached.finish();
  EXPECT_EQ(traced.gomapd.ending.code, 0) << traced.gomapd.errors;
  EXPECT_GE(traced.report.summary.value("duration_ns", int64_t{0}), 1'900'000'000);
  EXPECT_LE(traced.report.summary.value("duration_ns", int64_t{0}), 10'000'000'000);
  EXPECT_TRUE(attached.program().running());
  EXPECT_TRUE(attached.work());
  EXPECT_EQ(attached.leave().code, 0);
}

TEST_P(Attach, LeavesOtherProcessesOfTheSameProgramAlone) {
  Attached attached(program_, {"update"});
  ASSERT_EQ(attached.failure(), "");
  EXPECT_EQ(run({program_, "sizes"}).ending.code, 0);
  ASSERT_TRUE(attached.work());
  EXPECT_EQ(attached.leave().code, 0);
  expect_exact(attached.finish());
}

TEST_P(Attach, TracesSeveralProcesses) {
  ScratchFolder folder;
  Child first({program_, "-wait", "-out", folder / "first", "sizes"});
  Child second({program_, "-wait", "-out", folder / "second", "reuse"});
  ASSERT_TRUE(first.wait_for_output("ready\n"));
  ASSERT_TRUE(second.wait_for_output("ready\n"));
  Child gomapd({gomapd_path(), "trace", "--json", "-o", folder / "report", "-p",
                std::to_string(first.pid()), "-p", std::to_string(second.pid())});
  ASSERT_TRUE(gomapd.wait_for_errors("gomapd: tracing")) << gomapd.errors();
  first.feed("w");
  EXPECT_EQ(first.wait().code, 0);
  second.feed("w");
  EXPECT_EQ(second.wait().code, 0);
  EXPECT_EQ(gomapd.wait().code, 0) << gomapd.errors();

  const auto report = parse_report(read_file(folder / "report"));
  const auto form = check_form(report);
  EXPECT_TRUE(form.empty()) << form.text();
  EXPECT_EQ(lines_of(report, "process_exited"), 2);
  ASSERT_EQ(report.summary["processes"].size(), 2);
  for (const auto& process : report.summary["processes"]) {
    const bool is_first = process["pid"] == first.pid();
    const auto truth = Json::parse(read_file(folder / (is_first ? "first" : "second")));
    EXPECT_EQ(process["counts"]["growth_started"], truth["started"]);
    EXPECT_EQ(process["counts"]["growth_finished"], truth["finished"]);
    EXPECT_EQ(process["counts"]["in_progress"], truth["in_progress"]);
  }
}

std::string test_name(const testing::TestParamInfo<Build>& info) {
  return name_of(info.param);
}

INSTANTIATE_TEST_SUITE_P(Live, Attach, testing::ValuesIn(plain_builds()), test_name);

}  // namespace
}  // namespace gomapd::live
