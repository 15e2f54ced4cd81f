// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// What becomes of those who start readers, when others end them.
#include "daemon/analyst/workshop.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "daemon/analyst/analyst.h"

namespace gomapd::analyst {
namespace {

using std::chrono::milliseconds;

class WorkshopOfTwo : public testing::Test {
 protected:
  // The test program itself, which is no Go program but a file that is there.
  [[nodiscard]] Result<bool> ask() {
    Analyst analyst(&workshop_, file_.fd());
    return analyst.holds_go_code();
  }
  // A process that was sent SIGKILL ends a moment later.
  [[nodiscard]] std::string next_loss() {
    for (int i = 0; i < 1000; ++i) {
      const auto losses = workshop_.tend();
      if (!losses) return losses.error().context;
      if (!losses->empty()) return losses->size() == 1 ? losses->front() : "more than one";
      std::this_thread::sleep_for(milliseconds(10));
    }
    return "none";
  }

  Workshop workshop_ = Workshop::start(&serve, {}, milliseconds(500)).value();
  proc::File file_ = proc::File::open("/proc/self/exe").value();
};

TEST_F(WorkshopOfTwo, GoesOnWhenOneIsKilledAsOftenAsItIs) {
  for (int times = 0; times < 20; ++times) {
    const auto killed = workshop_.pid();
    const auto next = workshop_.standby_pid();
    ASSERT_EQ(kill(killed, SIGKILL), 0);
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().context;
    EXPECT_EQ(workshop_.pid(), next);
    EXPECT_EQ(next_loss(), "the process " + std::to_string(killed) +
                               " that starts readers of executables was ended by signal 9");
    EXPECT_TRUE(workshop_.tend()->empty()) << "told once";
  }
}

TEST_F(WorkshopOfTwo, ReplacesTheOneThatStandsBy) {
  const auto at_work = workshop_.pid();
  const auto killed = workshop_.standby_pid();
  ASSERT_EQ(kill(killed, SIGKILL), 0);
  EXPECT_NE(next_loss().find(std::to_string(killed)), std::string::npos);
  EXPECT_EQ(workshop_.pid(), at_work);
  EXPECT_NE(workshop_.standby_pid(), 0);
  EXPECT_NE(workshop_.standby_pid(), killed);
  ASSERT_EQ(kill(at_work, SIGKILL), 0);
  EXPECT_TRUE(ask());
}

// It could hold up all others for as long as it likes.
TEST_F(WorkshopOfTwo, GoesOnWithoutOneThatDoesNotMove) {
  const auto stopped = workshop_.pid();
  ASSERT_EQ(kill(stopped, SIGSTOP), 0);
  EXPECT_TRUE(ask());
  EXPECT_NE(workshop_.pid(), stopped);
  EXPECT_NE(kill(stopped, 0), 0) << "it was ended, and waited for";
}

TEST_F(WorkshopOfTwo, SaysWhenNobodyIsLeft) {
  ASSERT_EQ(kill(workshop_.pid(), SIGKILL), 0);
  ASSERT_EQ(kill(workshop_.standby_pid(), SIGKILL), 0);
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::kSystem);
  EXPECT_NE(answer.error().context.find("only a new start"), std::string::npos);
  EXPECT_FALSE(workshop_.tend());
}

}  // namespace
}  // namespace gomapd::analyst
