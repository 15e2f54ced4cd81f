// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/task_clock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <thread>

namespace gomapd::proc {
namespace {

std::uint64_t own_cpu_ns() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(used.tv_nsec);
}

// Against our own clock, in which the other thread's part is as old as the last tick.
TEST(TaskClock, TellsWhatAllThreadsUse) {
  std::atomic<bool> end = false;
  std::thread other([&] {
    while (!end) {
    }
  });
  const auto clock = TaskClock::open(getpid());
  if (!clock) {
    end = true;
    other.join();
    GTEST_SKIP() << "no perf events here";
  }
  const auto before = own_cpu_ns();
  const auto first = clock->read_ns();
  while (own_cpu_ns() - before < 100'000'000) {
  }
  const auto last = clock->read_ns();
  const auto after = own_cpu_ns();
  end = true;
  other.join();
  EXPECT_GE(last - first, 80'000'000);
  EXPECT_NEAR(static_cast<double>(last - first), static_cast<double>(after - before),
              static_cast<double>(after - before) * 0.15);
}

TEST(TaskClock, OfNobodyIsNone) {
  EXPECT_FALSE(TaskClock::open(0x7ffffff0).has_value());
}

}  // namespace
}  // namespace gomapd::proc
