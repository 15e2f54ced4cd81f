// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/threads.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "daemon/proc/cpu_time.h"

namespace gomapd::proc {
namespace {

// linux fs/proc/array.c, shortened.
constexpr std::string_view kStatus =
    "Name:\tserver\nUmask:\t0022\nState:\tR (running)\nTgid:\t41\n"
    "voluntary_ctxt_switches:\t1234\nnonvoluntary_ctxt_switches:\t99\n";

std::string with(std::string_view from, std::string_view to) {
  std::string status(kStatus);
  return status.replace(status.find(from), from.size(), to);
}

TEST(ThreadRest, ReadsStateAndSwitches) {
  const auto rest = parse_thread_rest(kStatus);
  ASSERT_TRUE(rest);
  EXPECT_TRUE(rest->runs);
  EXPECT_EQ(rest->voluntary_switches, 1234U);
}

TEST(ThreadRest, KnowsASleeper) {
  const auto rest = parse_thread_rest(with("R (running)", "S (sleeping)"));
  ASSERT_TRUE(rest);
  EXPECT_FALSE(rest->runs);
}

TEST(ThreadRest, IsNotFooledByAName) {
  const auto rest = parse_thread_rest(with("server", "State:\tS"));
  ASSERT_TRUE(rest);
  EXPECT_TRUE(rest->runs);
}

TEST(ThreadRest, RefusesWhatIsNoStatus) {
  for (const auto* bad : {"x", "", "-1", "12a", "99999999999999999999"})
    EXPECT_FALSE(parse_thread_rest(with("1234", bad))) << bad;
  EXPECT_FALSE(parse_thread_rest(with("State", "Other")));
  EXPECT_FALSE(parse_thread_rest(with("R (running)", "")));
}

TEST(ThreadRest, RefusesEveryTruncation) {
  const auto needed = kStatus.find("1234") + 5;
  for (std::size_t size = 0; size < needed; ++size)
    EXPECT_FALSE(parse_thread_rest(kStatus.substr(0, size))) << size;
  EXPECT_TRUE(parse_thread_rest(kStatus.substr(0, needed)));
}

TEST(ThreadRest, FindsThisThreadRunning) {
  const auto running = running_threads(getpid());
  EXPECT_TRUE(std::ranges::any_of(running, [](const auto& one) { return one.tid == gettid(); }));
  EXPECT_TRUE(thread_rest(getpid(), gettid()));
}

TEST(ThreadRest, IsNoneOfAThreadThatIsNotThere) {
  EXPECT_FALSE(thread_rest(getpid(), 0x3ffffffe));
  EXPECT_TRUE(running_threads(0x3ffffffe).empty());
}

TEST(CpuTime, GrowsWithWork) {
  const auto before = cpu_time_ns(getpid());
  ASSERT_TRUE(before);
  auto after = before;
  while (after && *after == *before) after = cpu_time_ns(getpid());
  EXPECT_TRUE(after);
}

TEST(CpuTime, IsNoneOfAProcessThatIsNotThere) {
  EXPECT_FALSE(cpu_time_ns(0x3ffffffe));
}

}  // namespace
}  // namespace gomapd::proc
