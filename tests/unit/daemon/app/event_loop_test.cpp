// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/event_loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "daemon/proc/process.h"
#include "daemon/proc/spawn.h"

namespace gomapd::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kNever{3'600'000};

// Gives the signals back that a loop takes.
class EventLoopTest : public testing::Test {
 protected:
  EventLoopTest() : old_pipe_(signal(SIGPIPE, SIG_DFL)) {
    sigprocmask(SIG_SETMASK, nullptr, &old_mask_);
  }
  ~EventLoopTest() override {
    signal(SIGPIPE, old_pipe_);
    sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
  }

  static EventLoop loop(milliseconds tick = kNever) { return EventLoop::create(tick).value(); }

 private:
  sighandler_t old_pipe_;
  sigset_t old_mask_{};
};

proc::Child started(std::vector<std::string> arguments) {
  const auto path = "/bin/" + arguments.front();
  auto child = proc::Child::prepare(path, std::move(arguments), proc::Output::kInherit).value();
  EXPECT_TRUE(child.start());
  return child;
}

TEST_F(EventLoopTest, TicksAgainAndAgain) {
  auto ticking = loop(milliseconds(1));
  for (int i = 0; i < 3; ++i) {
    const auto wakeup = ticking.wait();
    ASSERT_TRUE(wakeup) << wakeup.error().context;
    EXPECT_TRUE(wakeup->tick);
    EXPECT_FALSE(wakeup->interrupted);
    EXPECT_TRUE(wakeup->exited.empty());
  }
}

TEST_F(EventLoopTest, IsInterruptedBySigtermAndSigint) {
  for (const int number : {SIGTERM, SIGINT}) {
    auto waiting = loop();
    kill(getpid(), number);
    const auto wakeup = waiting.wait();
    ASSERT_TRUE(wakeup) << wakeup.error().context;
    EXPECT_TRUE(wakeup->interrupted);
    EXPECT_FALSE(wakeup->tick);
  }
}

TEST_F(EventLoopTest, TakesASignalOnce) {
  auto waiting = loop(milliseconds(1));
  kill(getpid(), SIGTERM);
  int interruptions = 0;
  for (int i = 0; i < 5; ++i) interruptions += waiting.wait().value().interrupted ? 1 : 0;
  EXPECT_EQ(interruptions, 1);
}

TEST_F(EventLoopTest, TellsOnceThatAProcessHasGone) {
  auto child = started({"true"});
  const auto pidfd = proc::open_pidfd(child.pid()).value();
  auto waiting = loop(milliseconds(20));
  ASSERT_TRUE(waiting.watch(pidfd.get()));
  std::vector<int> exited;
  for (int i = 0; i < 500 && exited.empty(); ++i) exited = waiting.wait().value().exited;
  EXPECT_EQ(exited, std::vector<int>{pidfd.get()});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(waiting.wait().value().exited.empty());
  EXPECT_TRUE(child.poll_status());
}

TEST_F(EventLoopTest, SaysNothingOfAProcessThatRuns) {
  auto child = started({"sleep", "60"});
  const auto pidfd = proc::open_pidfd(child.pid()).value();
  auto waiting = loop(milliseconds(1));
  ASSERT_TRUE(waiting.watch(pidfd.get()));
  EXPECT_TRUE(waiting.wait().value().exited.empty());
  child.terminate(std::chrono::seconds(10));
  EXPECT_EQ(waiting.wait().value().exited, std::vector<int>{pidfd.get()});
}

TEST_F(EventLoopTest, CannotWatchWhatIsNoDescriptor) {
  const auto watched = loop().watch(-1);
  ASSERT_FALSE(watched);
  EXPECT_TRUE(watched.error().context.starts_with("epoll_ctl: ")) << watched.error().context;
}

TEST_F(EventLoopTest, SurvivesAReaderThatHasGone) {
  const auto waiting = loop();
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

}  // namespace
}  // namespace gomapd::app
