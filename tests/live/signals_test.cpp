// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// What ends a trace, and what is left behind.
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "tests/live/lab.h"
#include "tests/live/probes_in.h"
#include "tests/live/tracing.h"

namespace gomapd::live {
namespace {

enum class Design { kClassic, kSwiss };

class Signals : public testing::TestWithParam<Design> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    const auto build = GetParam() == Design::kClassic ? any_classic() : any_swiss();
    if (!build) GTEST_SKIP() << "no Go toolchain: scripts/go-toolchains.sh fetches one";
    const auto built = build_truth(*build);
    ASSERT_TRUE(built.has_value()) << built.error();
    program_ = *built;
  }

  // The program has worked and still lives when the signal comes.
  void expect_report_after(int signal) {
    Attached attached(program_, {"sizes", "open"});
    ASSERT_EQ(attached.failure(), "");
    ASSERT_TRUE(attached.work());
    attached.gomapd().send_signal(signal);
    const auto traced = attached.finish();
    EXPECT_EQ(traced.gomapd.ending.code, 0) << traced.gomapd.errors;
    const auto form = check_form(traced.report);
    EXPECT_TRUE(form.empty()) << form.text();
    const auto truth = check_truth(traced.report, traced.truth);
    EXPECT_TRUE(truth.empty()) << truth.text();
    EXPECT_EQ(lines_of(traced.report, "process_exited"), 0);
    EXPECT_TRUE(attached.program().running());
    EXPECT_EQ(breakpoints_in(attached.program().pid(), program_).changed, 0);
    EXPECT_EQ(attached.leave().code, 0);
  }

  std::filesystem::path program_;
};

TEST_P(Signals, InterruptPrintsTheReport) {
  expect_report_after(SIGINT);
}
TEST_P(Signals, TerminatePrintsTheReport) {
  expect_report_after(SIGTERM);
}

TEST_P(Signals, InterruptInTheMiddleOfTheWorkLeavesTheProgramWorking) {
  Attached attached(program_, {"-linger", "3", "all"});
  ASSERT_EQ(attached.failure(), "");
  attached.program().feed("w");
  std::this_thread::sleep_for(std::chrono::seconds(1));
  attached.gomapd().send_signal(SIGINT);
  const auto traced = attached.finish();
  EXPECT_EQ(traced.gomapd.ending.code, 0) << traced.gomapd.errors;
  const auto form = check_form(traced.report);
  EXPECT_TRUE(form.empty()) << form.text();
  EXPECT_GT(count(traced.report, "growth_started"), 0);
  EXPECT_TRUE(attached.program().running());
  EXPECT_TRUE(attached.program().wait_for_output("done\n")) << attached.program().errors();
  EXPECT_EQ(attached.leave().code, 0);
}

TEST_P(Signals, KillLeavesNoProbeBehind) {
  Attached attached(program_, {"-linger", "3", "all"});
  ASSERT_EQ(attached.failure(), "");
  const auto during = breakpoints_in(attached.program().pid(), program_);
  ASSERT_EQ(during.failure, "");
  EXPECT_EQ(during.changed, during.sites);
  attached.program().feed("w");
  std::this_thread::sleep_for(std::chrono::seconds(1));
  attached.gomapd().send_signal(SIGKILL);
  EXPECT_EQ(attached.gomapd().wait().signal, SIGKILL);
  ASSERT_TRUE(attached.program().wait_for_output("done\n")) << attached.program().errors();
  EXPECT_EQ(breakpoints_in(attached.program().pid(), program_).changed, 0);
  EXPECT_EQ(attached.leave().code, 0);
}

// A command that gomapd started is gomapd's to end.
TEST_P(Signals, InterruptEndsTheCommandToo) {
  ScratchFolder folder;
  Child gomapd({gomapd_path(), "trace", "--json", "-o", folder / "report", "--", program_,
                "-linger", "600", "update"});
  ASSERT_TRUE(gomapd.wait_for_errors("gomapd: tracing")) << gomapd.errors();
  gomapd.send_signal(SIGINT);
  EXPECT_EQ(gomapd.wait().code, 0) << gomapd.errors();
  const auto report = parse_report(read_file(folder / "report"));
  ASSERT_FALSE(report.lines.empty());
  const auto form = check_form(report);
  EXPECT_TRUE(form.empty()) << form.text();
  EXPECT_NE(kill(report.lines[0]["pid"].get<pid_t>(), 0), 0) << "the command still runs";
}

TEST_P(Signals, ReaderThatGoesAwayEndsTheTrace) {
  const auto script =
      gomapd_path().string() + " trace --json -- " + program_.string() + " all | head -n 1";
  const auto finished = run({"/bin/sh", "-c", script});
  EXPECT_TRUE(finished.ending.in_time);
  EXPECT_TRUE(finished.output.starts_with("{")) << finished.output;
}

std::string design_name(const testing::TestParamInfo<Design>& info) {
  return info.param == Design::kClassic ? "classic" : "swiss";
}

INSTANTIATE_TEST_SUITE_P(Live, Signals, testing::Values(Design::kClassic, Design::kSwiss),
                         design_name);

}  // namespace
}  // namespace gomapd::live
