// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// A recording tells what the trace would have told.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "tests/live/lab.h"
#include "tests/live/tracing.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

Finished report_of(const fs::path& recording) {
  return run({gomapd_path(), "report", "--json", recording});
}

class Recording : public testing::TestWithParam<std::optional<Build> (*)()> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    build_ = GetParam()();
    if (!build_) GTEST_SKIP() << "no Go toolchain: scripts/go-toolchains.sh fetches one";
    const auto built = build_truth(*build_);
    ASSERT_TRUE(built.has_value()) << built.error();
    program_ = *built;
  }

  // Records a run of the program, and reads the recording.
  Traced record(const Arguments& arguments, const Arguments& options = {}) {
    Arguments argv{gomapd_path(), "record", "-o", folder_ / "recording"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.insert(argv.end(), {"--", program_, "-out", folder_ / "truth"});
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    Traced traced;
    traced.gomapd = run(argv);
    traced.report = parse_report(report_of(folder_ / "recording").output);
    if (fs::exists(folder_ / "truth")) traced.truth = Json::parse(read_file(folder_ / "truth"));
    return traced;
  }

  ScratchFolder folder_;
  std::optional<Build> build_;
  fs::path program_;
};

void expect_exact(const Traced& traced) {
  ASSERT_EQ(traced.gomapd.ending.code, 0) << traced.gomapd.errors;
  ASSERT_FALSE(traced.truth.is_null()) << traced.gomapd.errors;
  const auto form = check_form(traced.report);
  EXPECT_TRUE(form.empty()) << form.text();
  const auto truth = check_truth(traced.report, traced.truth);
  EXPECT_TRUE(truth.empty()) << truth.text();
  EXPECT_EQ(traced.report.summary["truncated"], false);
  EXPECT_FALSE(traced.report.summary.contains("missing"));
}

TEST_P(Recording, TellsWhatTheProgramCounted) {
  const auto traced = record({"all"}, {"--ring-bytes", "67108864"});
  expect_exact(traced);
  EXPECT_EQ(traced.report.summary.value("lost_events", -1), 0);
  EXPECT_EQ(lines_of(traced.report, "process_started"), 1);
  EXPECT_EQ(lines_of(traced.report, "process_exited"), 1);
  EXPECT_EQ(traced.gomapd.output.find("summary"), std::string::npos);
  EXPECT_NE(traced.gomapd.errors.find("gomapd: recorded"), std::string::npos);
}

TEST_P(Recording, KeepsCountsExactWhereTheRingIsTooSmall) {
  const auto traced = record({"all"}, {"--ring-bytes", "4096"});
  expect_exact(traced);
  EXPECT_GT(traced.report.summary.value("lost_events", 0), 0);
}

TEST_P(Recording, HasTheBucketsToo) {
  const auto traced = record({"sizes"}, {"--detail", "buckets"});
  ASSERT_EQ(traced.gomapd.ending.code, 0) << traced.gomapd.errors;
  const auto truth = check_truth(traced.report, traced.truth);
  EXPECT_TRUE(truth.empty()) << truth.text();
  const auto moved = count(traced.report, "bucket_evacuated");
  EXPECT_EQ(lines_of(traced.report, "bucket_evacuated"), moved);
  // A Swiss table moves in one go.
  EXPECT_EQ(moved > 0, traced.truth["impl"] == "classic") << moved;
}

TEST_P(Recording, IsReadWhenTheBinaryHasGone) {
  auto pie = *build_;
  pie.way = Way::kPie;
  const auto built = build_truth(pie);
  ASSERT_TRUE(built.has_value()) << built.error();
  program_ = folder_ / "program";
  fs::copy_file(*built, program_);
  record({"sizes"});
  fs::remove(program_);
  const auto report = parse_report(report_of(folder_ / "recording").output);
  const auto truth = check_truth(report, Json::parse(read_file(folder_ / "truth")));
  EXPECT_TRUE(truth.empty()) << truth.text();
}

// Read while it is being written, until all that was counted is in it; then gomapd
// is killed.
TEST_P(Recording, SurvivesAKilledGomapd) {
  Child program({program_, "-wait", "-hold", "-out", folder_ / "truth", "sizes"});
  ASSERT_TRUE(program.wait_for_output("ready\n")) << program.errors();
  Child gomapd(
      {gomapd_path(), "record", "-o", folder_ / "recording", "-p", std::to_string(program.pid())});
  ASSERT_TRUE(gomapd.wait_for_errors("gomapd: tracing")) << gomapd.errors();
  program.feed("w");
  ASSERT_TRUE(program.wait_for_output("done\n")) << program.errors();
  const auto truth = Json::parse(read_file(folder_ / "truth"));

  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  Report so_far;
  while (count(so_far, "growth_started") != truth["started"].get<int64_t>() &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const auto finished = report_of(folder_ / "recording");
    if (finished.ending.code == 0) so_far = parse_report(finished.output);
  }
  gomapd.send_signal(SIGKILL);
  EXPECT_EQ(gomapd.wait().signal, SIGKILL);

  const auto finished = report_of(folder_ / "recording");
  ASSERT_EQ(finished.ending.code, 0) << finished.errors;
  EXPECT_NE(finished.errors.find("what followed is missing"), std::string::npos);
  const auto report = parse_report(finished.output);
  EXPECT_EQ(report.summary["truncated"], true);
  const auto wrong = check_truth(report, truth);
  EXPECT_TRUE(wrong.empty()) << wrong.text();
}

INSTANTIATE_TEST_SUITE_P(Designs, Recording, testing::Values(any_classic, any_swiss),
                         [](const auto& each) { return each.index == 0 ? "Classic" : "Swiss"; });

class RecordingErrors : public testing::Test {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    const auto build = any_swiss();
    if (!build) GTEST_SKIP() << "no Go toolchain: scripts/go-toolchains.sh fetches one";
    const auto built = build_truth(*build);
    ASSERT_TRUE(built.has_value()) << built.error();
    program_ = *built;
  }
  Finished record(const Arguments& options, const fs::path& program) const {
    Arguments argv{gomapd_path(), "record"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.insert(argv.end(), {"--", program, "update"});
    return run(argv);
  }

  ScratchFolder folder_;
  fs::path program_;
};

void expect_refused(const Finished& finished, int code) {
  EXPECT_EQ(finished.ending.code, code) << finished.errors;
  EXPECT_EQ(finished.errors.find("gomapd: tracing"), std::string::npos) << finished.errors;
  EXPECT_EQ(std::ranges::count(finished.errors, '\n'), 1) << finished.errors;
}

TEST_F(RecordingErrors, RefusesAPathThatCannotBeWritten) {
  expect_refused(record({"-o", folder_ / "no/such"}, program_), 1);
  expect_refused(record({"-o", folder_.path()}, program_), 1);
}

TEST_F(RecordingErrors, KeepsAFileThatIsThere) {
  write_file(folder_ / "file", "precious");
  expect_refused(record({"-o", folder_ / "file"}, program_), 1);
  // Nor does it go for a trace that never begins.
  expect_refused(record({"--force", "-o", folder_ / "file"}, "/bin/true"), 4);
  EXPECT_EQ(read_file(folder_ / "file"), "precious");
  EXPECT_EQ(record({"--force", "-o", folder_ / "file"}, program_).ending.code, 0);
  EXPECT_EQ(report_of(folder_ / "file").ending.code, 0);
}

TEST_F(RecordingErrors, LeavesNoFileOfATraceThatNeverBegan) {
  expect_refused(record({"-o", folder_ / "file"}, "/bin/true"), 4);
  EXPECT_FALSE(fs::exists(folder_ / "file"));
}

TEST_F(RecordingErrors, SaysWhenTheDiskIsFull) {
  const auto finished = record({"-o", "/dev/full"}, program_);
  EXPECT_EQ(finished.ending.code, 1);
  EXPECT_NE(finished.errors.find("/dev/full: could not be written: No space left on device"),
            std::string::npos)
      << finished.errors;
}

}  // namespace
}  // namespace gomapd::live
