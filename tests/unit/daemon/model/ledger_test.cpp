// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/ledger.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace gomapd::model {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

class FakeResolver : public Resolver {
 public:
  const TypeInfo& type(std::uint32_t, std::uint32_t, std::uint64_t address) override {
    auto& info = types_[address];
    if (!info.name) info.name = "map[int]T" + std::to_string(address);
    info.shape.unit_bytes = 144;
    return info;
  }
  const Stack& stack(std::uint32_t, std::uint64_t id) override {
    static const Stack kNone;
    if (id == 0 || missing_.contains(id)) return kNone;
    auto& stack = stacks_[id];
    if (stack.empty()) {
      symbol::Frame frame;
      frame.function = "main.f" + std::to_string(id);
      frame.file = "f.go";
      frame.line = 1;
      stack.push_back(frame);
    }
    return stack;
  }
  bool is_ready(std::uint32_t, std::uint32_t, const gm_counter_key& key) override {
    return !asked_.contains(key.stack);
  }
  std::set<std::uint64_t> missing_;
  std::set<std::uint64_t> asked_;  // stacks

 private:
  std::map<std::uint64_t, TypeInfo> types_;
  std::map<std::uint64_t, Stack> stacks_;
};

CounterRow row(std::uint32_t pid, std::uint64_t started, std::uint64_t stack = 1,
               gm_kind kind = GM_KIND_DOUBLE) {
  CounterRow row{};
  row.key.tgid = pid;
  row.key.kind = static_cast<__u8>(kind);
  row.key.old_log2 = 3;
  row.key.type = 7;
  row.key.stack = stack;
  row.value.started = started;
  row.value.finished = started;
  row.value.duration_ns = started * 100;
  row.value.durations[1] = static_cast<std::uint32_t>(started);
  return row;
}

class Ledgers : public testing::Test {
 protected:
  void start(std::uint32_t pid, const std::string& exe) {
    ledger_.started(pid, {{.exe = exe, .unit = "", .container_id = ""}, "go1.23", 5});
  }
  void update(const std::vector<CounterRow>& rows,
              Ledger::Reading reading = Ledger::Reading::kMoreToCome) {
    ledger_.update(rows, resolver_, reading);
  }
  HostState state() {
    HostState state;
    ledger_.fill(state);
    return state;
  }
  std::uint64_t growths(const std::string& exe) {
    std::uint64_t sum = 0;
    for (const auto& workload : state().workloads)
      if (workload.identity.exe == exe) sum += workload.growths();
    return sum;
  }

  FakeResolver resolver_;
  Ledger ledger_{{.max_sites = 5, .max_stacks = 100, .linger = std::chrono::seconds(60)}};
};

TEST_F(Ledgers, SumUpProcessesOfOneKind) {
  start(1, "a");
  start(2, "a");
  start(3, "b");
  update({row(1, 10), row(2, 5), row(3, 2)});
  update({row(1, 11), row(2, 5), row(3, 4)});
  EXPECT_EQ(growths("a"), 16);
  EXPECT_EQ(growths("b"), 4);
  ASSERT_EQ(state().workloads.size(), 2);
  const auto first = state().workloads[0];
  EXPECT_EQ(first.processes.size(), 2);
  EXPECT_EQ(first.growing_ns, 1600);
  EXPECT_EQ(first.by_design.at(go::Design::kClassic).durations.counts[1], 16);
  EXPECT_EQ(first.bytes, 16 * growth_sizes(GM_KIND_DOUBLE, 3, resolver_.type(0, 0, 7).shape).bytes);
}

// What samples stand for is never part of what was counted.
TEST_F(Ledgers, KeepEstimatesApart) {
  start(1, "a");
  update({row(1, 10)});
  ledger_.advance(kSecond);
  const auto seen = row(1, 0);
  auto other = row(1, 0, 2);
  ledger_.estimate(1, go::Design::kClassic, 400, 9,
                   std::vector<SampleRow>{{seen.key, 0, 3, 50}, {other.key, 0, 1, 7}}, resolver_);
  ledger_.estimate(1, go::Design::kClassic, 100, 7, {}, resolver_);
  ledger_.estimate(2, go::Design::kClassic, 1000, 1, {}, resolver_);  // nobody knows it
  ledger_.advance(2 * kSecond);
  const auto now = state();
  ASSERT_EQ(now.workloads.size(), 1);
  const auto& workload = now.workloads[0];
  EXPECT_EQ(workload.growths(), 10);
  EXPECT_EQ(workload.estimated(), 500);
  EXPECT_EQ(workload.estimated_error(), 4);
  EXPECT_EQ(workload.growths_per_second, 500);  // what goes on, however it is known
  const auto each = growth_sizes(GM_KIND_DOUBLE, 3, resolver_.type(0, 0, 7).shape).bytes;
  EXPECT_EQ(workload.bytes, 10 * each);
  EXPECT_EQ(workload.estimated_bytes, 500.0 * static_cast<double>(each));
  ASSERT_EQ(now.sites.size(), 2);
  EXPECT_EQ(now.sites[0].growths, 10);
  EXPECT_EQ(now.sites[0].estimated, 375);
  EXPECT_EQ(now.sites[0].max_keys, 50);
  EXPECT_EQ(now.sites[1].growths, 0);
  EXPECT_EQ(now.sites[1].estimated, 125);
}

// Those under way when the probes went have no end. What the kernel counted until then
// may be read only afterwards.
TEST_F(Ledgers, ForgetGrowthsThatNobodySeesEnd) {
  start(1, "a");
  const auto in_progress = [&] { return state().workloads.at(0).in_progress; };
  const auto counted = [](std::uint64_t started, std::uint64_t finished) {
    auto one = row(1, started);
    one.value.finished = finished;
    return one;
  };
  update({counted(10, 8)});
  EXPECT_EQ(in_progress(), 2);
  ledger_.forget_open(1);
  update({counted(15, 12)});
  EXPECT_EQ(in_progress(), 0);
  update({counted(15, 12)});
  EXPECT_EQ(in_progress(), 0);
  // Counted again.
  update({counted(17, 12)});
  EXPECT_EQ(in_progress(), 2);
  update({counted(17, 14)});
  EXPECT_EQ(in_progress(), 0);
}

TEST_F(Ledgers, KeepWhatProcessesCountedThatHaveGone) {
  start(1, "a");
  update({row(1, 10)});
  update({row(1, 12)}, Ledger::Reading::kLast);
  ledger_.exited(1, kSecond);
  EXPECT_EQ(growths("a"), 12);
  start(1, "a");  // another with its number
  update({row(1, 3)});
  EXPECT_EQ(growths("a"), 15);
}

TEST_F(Ledgers, WaitForWhoIsNotKnownYet) {
  update({row(1, 10)});
  start(1, "a");
  EXPECT_EQ(growths("a"), 0);
  update({row(1, 11)});
  EXPECT_EQ(growths("a"), 11);
}

TEST_F(Ledgers, WaitForAStackThatIsBeingWritten) {
  start(1, "a");
  resolver_.missing_.insert(1);
  update({row(1, 10)});
  EXPECT_EQ(growths("a"), 0);
  update({row(1, 11)}, Ledger::Reading::kLast);
  EXPECT_EQ(growths("a"), 11);
  EXPECT_EQ(state().sites.at(0).function, "");
}

// Of a process that goes on, and of growths that were estimated; the last word on one that
// has gone does not wait.
TEST_F(Ledgers, WaitForNamesThatAreBeingAskedFor) {
  start(1, "a");
  resolver_.asked_.insert(1);
  update({row(1, 10)});
  ledger_.estimate(1, go::Design::kClassic, 400, 9,
                   std::vector<SampleRow>{{row(1, 0).key, 0, 3, 50}}, resolver_);
  EXPECT_EQ(growths("a"), 0);
  EXPECT_TRUE(state().sites.empty());
  EXPECT_EQ(state().workloads.at(0).estimated(), 400);
  resolver_.asked_.clear();
  update({row(1, 11)});
  ledger_.estimate(1, go::Design::kClassic, 100, 9,
                   std::vector<SampleRow>{{row(1, 0).key, 0, 3, 50}}, resolver_);
  EXPECT_EQ(growths("a"), 11);
  EXPECT_EQ(state().sites.at(0).estimated, 500);
  resolver_.asked_.insert(2);
  update({row(1, 5, 2)}, Ledger::Reading::kLast);
  EXPECT_EQ(growths("a"), 16);
}

TEST_F(Ledgers, TakeDurationsThatWrapAround) {
  start(1, "a");
  auto wrapped = row(1, 10);
  wrapped.value.durations[2] = UINT32_MAX - 1;
  update({wrapped});
  wrapped.value.durations[2] = 3;
  update({wrapped});
  EXPECT_EQ(state().workloads[0].by_design.at(go::Design::kClassic).durations.counts[2],
            std::uint64_t{UINT32_MAX} + 4);
}

TEST_F(Ledgers, SumUpSitesPastTheLimit) {
  start(1, "a");
  std::vector<CounterRow> rows;
  for (std::uint64_t stack = 1; stack <= 9; ++stack) rows.push_back(row(1, 1, stack));
  update(rows);
  const auto now = state();
  ASSERT_EQ(now.sites.size(), 6);
  std::uint64_t others = 0;
  std::uint64_t all = 0;
  for (const auto& site : now.sites) {
    all += site.growths;
    if (site.function == Ledger::kOther) others += site.growths;
  }
  EXPECT_EQ(others, 4);
  EXPECT_EQ(all, 9);
  EXPECT_EQ(now.sites_over_limit, 4);
}

TEST_F(Ledgers, SumUpWorkloadsPastTheLimit) {
  ledger_.set_options({.max_workloads = 2, .linger = std::chrono::seconds(60)});
  for (std::uint32_t pid = 1; pid <= 4; ++pid)
    start(pid, std::string(1, static_cast<char>('a' + pid - 1)));
  start(5, "a");  // has its own
  update({row(1, 1), row(2, 2), row(3, 3), row(4, 4), row(5, 5)});
  const auto now = state();
  ASSERT_EQ(now.workloads.size(), 3);
  EXPECT_EQ(growths("a"), 6);
  EXPECT_EQ(growths("b"), 2);
  EXPECT_EQ(growths(std::string(Ledger::kOther)), 7);
  EXPECT_EQ(now.workloads_over_limit, 2);
  std::size_t processes = 0;
  for (const auto& workload : now.workloads) processes += workload.processes.size();
  EXPECT_EQ(processes, 5);
  // What has gone stays in it; who came too late for a workload of its own gets none
  // when there is room again, and the next one does.
  update({row(3, 4)}, Ledger::Reading::kLast);
  ledger_.exited(3, kSecond);
  update({row(2, 2)}, Ledger::Reading::kLast);
  ledger_.exited(2, kSecond);
  ledger_.advance(100 * kSecond);
  EXPECT_EQ(growths("b"), 0);
  start(6, "c");
  update({row(4, 5), row(6, 10)});
  EXPECT_EQ(growths("c"), 10);
  EXPECT_EQ(growths(std::string(Ledger::kOther)), 9);
  EXPECT_EQ(state().workloads_over_limit, 2);
}

TEST_F(Ledgers, SumUpProcessesPastTheLimitWhereEachIsAWorkload) {
  ledger_.set_options({.max_workloads = 3, .by_pid = true});
  for (std::uint32_t pid = 1; pid <= 10; ++pid) start(pid, "a");
  for (std::uint32_t pid = 1; pid <= 10; ++pid) update({row(pid, 1)});
  const auto now = state();
  ASSERT_EQ(now.workloads.size(), 4);
  EXPECT_EQ(growths("a"), 3);
  EXPECT_EQ(growths(std::string(Ledger::kOther)), 7);
}

// A workload that never ends must not make the daemon grow for ever.
TEST_F(Ledgers, ForgetStacksThatNothingHolds) {
  start(1'000'000, "a");
  for (std::uint32_t pid = 1; pid <= 20'000; ++pid) {
    start(pid, "a");
    update({row(pid, 1, pid)}, Ledger::Reading::kLast);
    ledger_.exited(pid, kSecond);
    ledger_.advance(2 * kSecond);
    EXPECT_LE(ledger_.remembered(), 1024 + 2 * 100);
  }
  EXPECT_EQ(growths("a"), 20'000);
}

TEST_F(Ledgers, LetWorkloadsGoAfterAWhile) {
  start(1, "a");
  update({row(1, 10)}, Ledger::Reading::kLast);
  ledger_.exited(1, 10 * kSecond);
  ledger_.advance(69 * kSecond);
  EXPECT_EQ(state().workloads.size(), 1);
  ledger_.advance(70 * kSecond);
  EXPECT_TRUE(state().workloads.empty());
  EXPECT_TRUE(state().sites.empty());
  EXPECT_TRUE(state().stacks.empty());
}

// Profiles compare two states: what a process did must stay its own for a while.
TEST_F(Ledgers, FoldTheStacksOfProcessesThatWentLongAgo) {
  start(100, "a");
  for (std::uint32_t pid = 1; pid <= 20; ++pid) {
    start(pid, "a");
    update({row(pid, 10)}, Ledger::Reading::kLast);
    ledger_.exited(pid, kSecond);
    ledger_.advance(2 * kSecond);
  }
  EXPECT_EQ(state().stacks.size(), 20);
  ledger_.advance(400 * kSecond);
  const auto now = state();
  ASSERT_EQ(now.stacks.size(), 1);
  EXPECT_EQ(now.stacks[0].pid, 0);
  EXPECT_EQ(now.stacks[0].growths, 200);
  EXPECT_EQ(now.stacks_over_limit, 0);
}

TEST_F(Ledgers, TellTheStacksOfOneNumberApart) {
  start(100, "a");
  for (int i = 0; i < 2; ++i) {
    start(1, "a");
    update({row(1, 10)}, Ledger::Reading::kLast);
    ledger_.exited(1, kSecond);
  }
  EXPECT_EQ(state().stacks.size(), 2);
}

TEST_F(Ledgers, KeepRoomForStacksOfTheLiving) {
  start(1'000'000, "a");
  for (std::uint32_t pid = 1; pid <= 10'000; ++pid) {
    start(pid, "a");
    update({row(pid, 1)}, Ledger::Reading::kLast);
    ledger_.exited(pid, kSecond);
    ledger_.advance(2 * kSecond);
  }
  const auto now = state();
  EXPECT_LE(now.stacks.size(), 100);
  EXPECT_GT(now.stacks_over_limit, 0);
  for (const auto& stack : now.stacks) EXPECT_EQ(stack.stack->front().function, "main.f1");
}

TEST_F(Ledgers, TellRates) {
  start(1, "a");
  ledger_.advance(100 * kSecond);
  update({row(1, 100)});
  ledger_.advance(101 * kSecond);
  EXPECT_DOUBLE_EQ(state().workloads[0].growths_per_second, 100);
  EXPECT_DOUBLE_EQ(state().sites[0].growths_per_second, 100);
  for (std::uint64_t second = 102; second < 3000; ++second) ledger_.advance(second * kSecond);
  const auto history = state().workloads[0].history;
  EXPECT_EQ(history.size(), 180) << "15 minutes";
  EXPECT_EQ(history.back().growths_per_second, 0);
}

// Who sets the clock does not set what lies between two moments.
TEST_F(Ledgers, TellMomentsByTheClockAsItIs) {
  ledger_.started(1, {{.exe = "a", .unit = "", .container_id = ""}, "go1.26", 40 * kSecond});
  for (std::uint64_t second = 100; second < 120; ++second) ledger_.advance(second * kSecond);
  for (const std::uint64_t clock : {1'000 * kSecond, 5'000 * kSecond, 900 * kSecond}) {
    HostState now;
    now.time_ns = clock;
    now.monotonic_ns = 120 * kSecond;
    ledger_.fill(now);
    const auto& workload = now.workloads.at(0);
    EXPECT_EQ(workload.processes.at(0).since_ns, clock - 80 * kSecond);
    ASSERT_GE(workload.history.size(), 2);
    EXPECT_EQ(workload.history[0].time_ns, clock - 15 * kSecond);
    EXPECT_EQ(workload.history[1].time_ns, clock - 10 * kSecond);
  }
}

TEST_F(Ledgers, TellWhatIsInProgressInLivingProcesses) {
  start(1, "a");
  auto growing = row(1, 10);
  growing.value.finished = 7;
  update({growing});
  EXPECT_EQ(state().workloads[0].in_progress, 3);
  ledger_.exited(1, kSecond);
  EXPECT_EQ(state().workloads[0].in_progress, 0);
}

// The totals are the sum of the last values of all rows there ever were, whatever
// comes and goes; and they never go back.
TEST_F(Ledgers, ConserveEveryGrowth) {
  std::mt19937 random{1};
  const auto below = [&](unsigned n) { return std::uniform_int_distribution(0U, n - 1)(random); };
  std::map<std::uint32_t, std::map<std::uint64_t, std::uint64_t>> living;
  std::map<std::string, std::uint64_t> expected;
  std::map<std::uint32_t, std::string> exe_of;
  std::map<std::string, std::uint64_t> before;
  for (int step = 0; step < 20'000; ++step) {
    const auto pid = 1 + below(20);
    if (!living.contains(pid)) {
      exe_of[pid] = std::string(1, static_cast<char>('a' + below(4)));
      living[pid];
      start(pid, exe_of[pid]);
      continue;
    }
    auto& rows = living[pid];
    const auto more = below(50);
    rows[1 + below(8)] += more;
    expected[exe_of[pid]] += more;
    std::vector<CounterRow> now;
    for (const auto& [stack, count] : rows) now.push_back(row(pid, count, stack));
    if (below(10) == 0) {
      update(now, Ledger::Reading::kLast);
      ledger_.exited(pid, kSecond);
      living.erase(pid);
    } else {
      update(now);
    }
    if (step % 100 != 0) continue;
    const auto all = state();
    std::map<std::string, std::uint64_t> totals;
    std::uint64_t of_sites = 0;
    std::uint64_t of_stacks = 0;
    std::uint64_t sum = 0;
    for (const auto& workload : all.workloads)
      sum += totals[workload.identity.exe] += workload.growths();
    for (const auto& site : all.sites) of_sites += site.growths;
    for (const auto& stack : all.stacks) of_stacks += stack.growths;
    EXPECT_EQ(of_sites, sum);
    EXPECT_EQ(of_stacks, sum);
    for (const auto& [exe, count] : totals) EXPECT_EQ(count, expected[exe]);
    for (const auto& [exe, count] : before) EXPECT_GE(totals[exe], count);
    before = totals;
  }
}

}  // namespace
}  // namespace gomapd::model
