// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// What the kernel tells of processes is what this test made them do.
#include "daemon/kernel/process_events.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrier>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "tests/live/lab.h"

namespace gomapd::kernel {
namespace {

using Changes = std::vector<gm_process_change>;

class ProcessEventsLive : public testing::Test {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    auto opened = ProcessEvents::open();
    ASSERT_TRUE(opened) << opened.error().context;
    events_.emplace(*std::move(opened));
  }

  // Runs `body` in a child that then ends without anything of ours; its PID.
  template <typename Body>
  static pid_t in_child(Body body) {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    body();
    _exit(1);
  }
  static void exec_program() { execl("/bin/true", "true", nullptr); }

  static void wait_for(pid_t pid) {
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
  }

  // What happened to each process so far; the kernel tells before wait() returns.
  void drain() {
    const auto drained = events_->drain([this](const gm_process_event& event) {
      const auto change = static_cast<gm_process_change>(event.change);
      seen_[static_cast<pid_t>(event.tgid)].push_back(change);
      if (change == GM_PROCESS_FORK)
        parents_[static_cast<pid_t>(event.tgid)] = static_cast<pid_t>(event.parent);
    });
    ASSERT_TRUE(drained) << drained.error().context;
    EXPECT_EQ(events_->lost(), 0U);
  }

  std::optional<ProcessEvents> events_;
  std::map<pid_t, Changes> seen_;
  std::map<pid_t, pid_t> parents_;
};

const Changes kForkExecAndExit{GM_PROCESS_FORK, GM_PROCESS_EXEC, GM_PROCESS_EXIT};
const Changes kForkAndExit{GM_PROCESS_FORK, GM_PROCESS_EXIT};

TEST_F(ProcessEventsLive, TellsOfEachShortLivedProcessOnce) {
  constexpr int kProcesses = 500;
  std::set<pid_t> made;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t pid = in_child(exec_program);
    wait_for(pid);
    made.insert(pid);
    drain();
  }
  ASSERT_EQ(made.size(), std::size_t{kProcesses}) << "PIDs came round";
  for (const auto pid : made) EXPECT_EQ(seen_[pid], kForkExecAndExit) << pid;
}

TEST_F(ProcessEventsLive, TellsOfTheEndOfAForkWithoutExec) {
  const pid_t pid = in_child([] { _exit(0); });
  wait_for(pid);
  drain();
  EXPECT_EQ(seen_[pid], kForkAndExit);
  EXPECT_EQ(parents_[pid], getpid());
}

TEST_F(ProcessEventsLive, TellsOfAForkInAForkByItsOwnParent) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t pid = in_child([&] {
    const pid_t inner = in_child([] { _exit(0); });
    (void)!write(ends[1], &inner, sizeof(inner));
    waitpid(inner, nullptr, 0);
    _exit(0);
  });
  pid_t inner = 0;
  ASSERT_EQ(read(ends[0], &inner, sizeof(inner)), static_cast<ssize_t>(sizeof(inner)));
  close(ends[0]);
  close(ends[1]);
  wait_for(pid);
  drain();
  EXPECT_EQ(seen_[inner], kForkAndExit);
  EXPECT_EQ(parents_[inner], pid);
}

TEST_F(ProcessEventsLive, TellsOfAKilledProcess) {
  const pid_t pid = in_child([] { pause(); });
  kill(pid, SIGKILL);
  wait_for(pid);
  drain();
  EXPECT_EQ(seen_[pid], kForkAndExit);
}

TEST_F(ProcessEventsLive, SaysNothingOfThreads) {
  const pid_t pid = in_child([] {
    for (int i = 0; i < 200; ++i) std::thread([] {}).join();
    _exit(0);
  });
  wait_for(pid);
  drain();
  EXPECT_EQ(seen_[pid], kForkAndExit);
}

TEST_F(ProcessEventsLive, TellsOfOneEndThoughAllThreadsEndTogether) {
  constexpr int kProcesses = 50;
  constexpr int kThreads = 16;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t pid = in_child([] {
      std::barrier all(kThreads + 1);
      for (int k = 0; k < kThreads; ++k) std::thread([&all] { all.arrive_and_wait(); }).detach();
      all.arrive_and_wait();
      syscall(SYS_exit, 0);  // of this thread alone: the last one ends the process
    });
    wait_for(pid);
    drain();
    EXPECT_EQ(seen_[pid], kForkAndExit) << pid;
  }
}

TEST_F(ProcessEventsLive, KeepsAProcessThatExecsFromAThread) {
  const pid_t pid = in_child([] { std::thread(exec_program).join(); });
  wait_for(pid);
  drain();
  EXPECT_EQ(seen_[pid], kForkExecAndExit);
}

TEST_F(ProcessEventsLive, WakesUpForAnExec) {
  const pid_t pid = in_child(exec_program);
  pollfd ready{.fd = events_->fd(), .events = POLLIN, .revents = 0};
  constexpr int kLongest = 60'000;  // ms
  EXPECT_EQ(poll(&ready, 1, kLongest), 1);
  wait_for(pid);
}

TEST_F(ProcessEventsLive, CanBeMovedOntoALivingOne) {
  auto other = ProcessEvents::open();
  ASSERT_TRUE(other) << other.error().context;
  *events_ = *std::move(other);
  const pid_t pid = in_child([] { _exit(0); });
  wait_for(pid);
  drain();
  EXPECT_EQ(seen_[pid], kForkAndExit);
}

}  // namespace
}  // namespace gomapd::kernel
