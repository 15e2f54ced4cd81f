// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// What hosts do to the daemon, and what it promises then.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/live/daemon_fixture.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

class DaemonFaults : public DaemonTest {
 protected:
  // The daemon's child processes that start readers: the one at work and the one that
  // stands by, for readers rest after some seconds without questions.
  [[nodiscard]] std::vector<pid_t> workshops() const {
    const auto pid = std::to_string(daemon_->pid());
    std::ifstream file(fs::path("/proc") / pid / "task" / pid / "children");
    std::vector<pid_t> children;
    for (pid_t child = 0; file >> child;) children.push_back(child);
    return children;
  }
  [[nodiscard]] double lost() const { return metrics()["gomapd_reader_workshops_lost_total"]; }
};

// By an operator, or the kernel when memory is out.
TEST_P(DaemonFaults, WhoStartsReadersIsKilled) {
  start();
  ASSERT_TRUE(eventually([&] { return workshops().size() == 2; })) << daemon_->errors();
  const auto before = workshops();
  ASSERT_EQ(kill(before.front(), SIGKILL), 0);
  // A file that it does not know.
  auto program = waiting_program(folder_ / "truth", {"kinds"});
  EXPECT_TRUE(eventually([&] { return lost() == 1; })) << daemon_->errors();
  ASSERT_TRUE(eventually([&] { return workshops().size() == 2; }));
  const auto after = workshops();
  EXPECT_EQ(after.front(), before.back());
  EXPECT_NE(after.back(), before.back());
  program.feed("w");
  ASSERT_TRUE(program.wait_for_output("done\n"));
  const auto expected = started(Json::parse(read_file(folder_ / "truth")));
  EXPECT_TRUE(eventually([&] {
    return sum_of(metrics(), "gomapd_map_growths_total") >= static_cast<double>(expected);
  }));
  EXPECT_EQ(lost(), 1);
  const auto log = daemon_->errors();
  const std::string told = std::to_string(before.front()) + " that starts readers";
  EXPECT_NE(log.find(told), std::string::npos) << log;
  EXPECT_EQ(log.find(told), log.rfind(told)) << "told once: " << log;
  EXPECT_EQ(get("/-/ready"), "gomapd is ready.\n");
}

// Nothing new could be traced any more, so it ends, and who supervises it starts it again.
TEST_P(DaemonFaults, NobodyIsLeftToStartReaders) {
  start();
  ASSERT_TRUE(eventually([&] { return workshops().size() == 2; })) << daemon_->errors();
  auto program = waiting_program(folder_ / "truth", {"none"});
  ASSERT_TRUE(eventually([&] { return workshops().size() == 2; })) << "its reader rests";
  for (const auto pid : workshops()) ASSERT_EQ(kill(pid, SIGKILL), 0);
  EXPECT_EQ(daemon_->wait().code, 1);
  EXPECT_NE(daemon_->errors().find("only a new start of gomapd"), std::string::npos)
      << daemon_->errors();
  program.feed("wx");
  EXPECT_EQ(program.wait().code, 0);
}

INSTANTIATE_TEST_SUITE_P(Live, DaemonFaults, testing::ValuesIn(one_of_each_design()),
                         [](const auto& build) { return name_of(build.param); });

}  // namespace
}  // namespace gomapd::live
