// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// The executable is not where the process started it, not what it was, or not
// to be seen from here at all: what counts is what the process runs.
#include <gtest/gtest.h>

#include "tests/live/lab.h"
#include "tests/live/tracing.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

class Executable : public testing::Test {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    const auto classic = any_classic();
    const auto swiss = any_swiss();
    if (!classic || !swiss) GTEST_SKIP() << "no two Go toolchains: scripts/go-toolchains.sh";
    const auto built = build_truth(*classic);
    const auto other = build_truth(*swiss);
    ASSERT_TRUE(built) << built.error();
    ASSERT_TRUE(other) << other.error();
    original_ = *built;
    other_ = *other;
    fs::copy_file(original_, program_);
  }

  void expect_exact(Attached& attached) {
    ASSERT_TRUE(attached.work()) << attached.program().errors();
    EXPECT_EQ(attached.leave().code, 0);
    const auto traced = attached.finish();
    const auto problems = check_exact(traced);
    EXPECT_TRUE(problems.empty()) << problems.text();
    EXPECT_EQ(traced.report.summary["processes"][0]["go_version"], traced.truth["go"]);
  }

  // The program, waiting to be traced by `-p`, `change` having been done meanwhile.
  template <typename Change>
  void expect_exact_after(Change change) {
    Child running({program_, "-wait", "-hold", "-out", folder_ / "truth", "-scale", "5", "sizes",
                   "kinds", "clear"});
    ASSERT_TRUE(running.wait_for_output("ready\n")) << running.errors();
    change();
    Child gomapd({gomapd_path(), "trace", "--json", "-o", folder_ / "report", "-p",
                  std::to_string(running.pid())});
    ASSERT_TRUE(gomapd.wait_for_errors("gomapd: tracing")) << gomapd.errors();
    running.feed("w");
    ASSERT_TRUE(running.wait_for_output("done\n")) << running.errors();
    running.feed("x");
    EXPECT_EQ(running.wait().code, 0);
    EXPECT_EQ(gomapd.wait().code, 0) << gomapd.errors();
    const auto report = parse_report(read_file(folder_ / "report"));
    const auto truth = Json::parse(read_file(folder_ / "truth"));
    auto problems = check_form(report);
    problems.add(check_truth(report, truth));
    EXPECT_TRUE(problems.empty()) << problems.text();
    EXPECT_EQ(report.summary["processes"][0]["go_version"], truth["go"]);
    EXPECT_EQ(report.summary["processes"][0]["impl"], "classic");
  }

  // Skips where `mount`, the arguments of unshare -m sh -c, cannot be done.
  void expect_exact_in_a_mount_namespace(const std::string& mount) {
    const Arguments shell = {"unshare", "-m", "--propagation", "private", "sh", "-c"};
    const auto hidden = (folder_ / "hidden").string();
    fs::create_directory(hidden);
    auto attempt = shell;
    attempt.insert(attempt.end(), {mount, hidden, program_});
    const auto tried = run(attempt);
    if (tried.ending.code != 0) GTEST_SKIP() << "no such mount here: " << tried.errors;
    ASSERT_FALSE(fs::exists(fs::path(hidden) / "truth"));

    auto command = shell;
    command.insert(command.end(),
                   {mount + " && cd / && program=$0/truth && shift && exec \"$program\" \"$@\"",
                    hidden, program_});
    Attached attached(command, {"-scale", "5", "sizes", "kinds", "clear"});
    ASSERT_EQ(attached.failure(), "");
    ASSERT_FALSE(fs::exists(fs::path(hidden) / "truth"));
    expect_exact(attached);
  }

  ScratchFolder folder_;
  fs::path original_;
  fs::path other_;
  fs::path program_ = folder_ / "program";
};

TEST_F(Executable, IsDeletedWhileItRuns) {
  expect_exact_after([&] { fs::remove(program_); });
}

// Another program, of the other map design: its sites would be wrong ones.
TEST_F(Executable, IsReplacedWhileItRuns) {
  expect_exact_after([&] {
    fs::copy_file(other_, folder_ / "new");
    fs::rename(folder_ / "new", program_);
  });
}

TEST_F(Executable, LiesInAFolderThatIsDeletedWhileItRuns) {
  fs::create_directory(folder_ / "gone");
  fs::rename(program_, folder_ / "gone/program");
  program_ = folder_ / "gone/program";
  expect_exact_after([&] { fs::remove_all(folder_ / "gone"); });
}

TEST_F(Executable, IsStartedThroughASymbolicLink) {
  fs::create_symlink(program_, folder_ / "link");
  Attached attached(folder_ / "link", {"-scale", "5", "sizes", "kinds"});
  ASSERT_EQ(attached.failure(), "");
  expect_exact(attached);
}

TEST_F(Executable, IsStartedByTraceThroughASymbolicLink) {
  fs::create_symlink(program_, folder_ / "link");
  const auto problems =
      check_exact(trace_command(folder_ / "link", {"-scale", "5", "sizes", "kinds"}));
  EXPECT_TRUE(problems.empty()) << problems.text();
}

TEST_F(Executable, LiesOnAFileSystemOfAnotherMountNamespace) {
  expect_exact_in_a_mount_namespace("mount -t tmpfs none \"$0\" && cp \"$1\" \"$0/truth\"");
}

// As in a container: the file is a layer's.
TEST_F(Executable, LiesInAnOverlayOfAnotherMountNamespace) {
  expect_exact_in_a_mount_namespace(
      "mount -t tmpfs none \"$0\" && mkdir \"$0/low\" \"$0/up\" \"$0/work\" && "
      "cp \"$1\" \"$0/low/truth\" && mount -t overlay overlay "
      "-o \"lowerdir=$0/low,upperdir=$0/up,workdir=$0/work\" \"$0\"");
}

// A file of the same name, but another one, is at that path in our namespace.
TEST_F(Executable, IsHiddenBehindAnotherAtTheSamePath) {
  const Arguments command = {"unshare",
                             "-m",
                             "--propagation",
                             "private",
                             "sh",
                             "-c",
                             "mount --bind \"$1\" \"$0\" && program=$0 && shift && "
                             "exec \"$program\" \"$@\"",
                             folder_ / "name",
                             program_};
  fs::copy_file(other_, folder_ / "name");
  const auto tried = run({"unshare", "-m", "mount", "--bind", program_, folder_ / "name"});
  if (tried.ending.code != 0) GTEST_SKIP() << "no such mount here: " << tried.errors;
  Attached attached(command, {"-scale", "5", "sizes", "kinds"});
  ASSERT_EQ(attached.failure(), "");
  expect_exact(attached);
}

}  // namespace
}  // namespace gomapd::live
