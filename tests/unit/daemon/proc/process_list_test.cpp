// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/process_list.h"

#include <gtest/gtest.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "daemon/proc/small_file.h"

namespace gomapd::proc {
namespace {

// A real line, shortened after field 23.
constexpr std::string_view kStat =
    "4711 (server) S 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 123456 1000000\n";

std::string named(std::string_view name) {
  std::string stat(kStat);
  return stat.replace(stat.find("server"), 6, name);
}

TEST(StartTicks, AreField22) {
  EXPECT_EQ(parse_start_ticks(kStat), 123456U);
}

TEST(StartTicks, AreFoundWhateverTheName) {
  for (const auto* name : {"a b c", ")", "((", ") S 1 2 3", "a) R 1 (b", "", "\n)\n"})
    EXPECT_EQ(parse_start_ticks(named(name)), 123456U) << name;
}

TEST(StartTicks, OfATruncatedTextAreNone) {
  const auto whole = kStat.find("123456") + 7;  // and the blank after it
  for (std::size_t size = 0; size < whole; ++size)
    EXPECT_FALSE(parse_start_ticks(kStat.substr(0, size))) << size;
}

TEST(StartTicks, OfOtherTextAreNone) {
  for (const auto* text : {"", "4711 (server", "1 2 3",
                           "a (b) S x x x x x x x x x x x x x x x x x "
                           "x 99999999999999999999 1"})
    EXPECT_FALSE(parse_start_ticks(text)) << text;
}

TEST(StartTicks, OfThisProcessAreBeforeNow) {
  const auto ticks = start_ticks_of(getpid());
  ASSERT_TRUE(ticks) << ticks.error().context;
  timespec now{};
  ASSERT_EQ(clock_gettime(CLOCK_BOOTTIME, &now), 0);
  const auto now_ns = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000;
  EXPECT_GT(*ticks, 0U);
  EXPECT_LE(*ticks, ticks_of_boot_time(now_ns + 1'000'000'000));
}

TEST(StartTicks, OfNoProcessIsGone) {
  const auto ticks = start_ticks_of(4194305);
  ASSERT_FALSE(ticks);
  EXPECT_EQ(ticks.error().code, Errc::kGone);
}

TEST(ProcessList, HoldsThisProcessOnce) {
  const auto processes = list_processes();
  ASSERT_TRUE(processes) << processes.error().context;
  EXPECT_EQ(std::ranges::count(*processes, getpid(), &ProcessId::pid), 1);
  const auto own = std::ranges::find(*processes, getpid(), &ProcessId::pid);
  EXPECT_EQ(own->start_ticks, start_ticks_of(getpid()).value_or(0));
}

TEST(NsPids, AreReadInOrder) {
  EXPECT_EQ(parse_ns_pids("Name:\ta\nNSpid:\t4711\t12\t1\nNSpgid:\t1\n"),
            (std::vector<pid_t>{4711, 12, 1}));
}

TEST(NsPids, OfOtherTextAreNone) {
  for (const auto* text :
       {"", "NSpid:\t1", "\nNSpid:\n", "\nNSpid:\tx\n", "\nNSpid:\t99999999999\n"})
    EXPECT_FALSE(parse_ns_pids(text)) << text;
}

TEST(PidView, KnowsThatProcIsOurs) {
  const auto view = own_pid_view();
  ASSERT_TRUE(view) << view.error().context;
  EXPECT_TRUE(view->proc_is_own);
}

TEST(SmallFile, IsReadUpToTheLimit) {
  EXPECT_EQ(read_small_file("/proc/self/status", 5), "Name:");
  const auto missing = read_small_file("/proc/4194305/status", 5);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace gomapd::proc
