// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// What a tracer counts of growths, without a Go program: functions of this test have the
// registers that Go's have where it grows a map.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "tests/unit/daemon/kernel/tracer_fixture.h"

namespace gomapd::kernel {

// Has the registers of a Go function as go1.24 to go1.27 internal/runtime/maps
// call (*table).rehash, and grows nothing. `frame` is what its frame pointer has.
// NOLINTNEXTLINE(misc-use-internal-linkage)
extern "C" void gm_test_rehash(const void* table, const void* go_map, const void* g,
                               const void* frame);
extern "C" const char gm_test_rehash_start;
extern "C" const char gm_test_rehash_end;
extern "C" const char gm_test_rehash_split;
asm(R"(
  .pushsection .text
gm_test_rehash:
  push %rbx
  push %r14
  push %rbp
  mov %rcx, %rbp
  mov %rdi, %rax
  mov %rsi, %rcx
  mov %rdx, %r14
  xor %ebx, %ebx
gm_test_rehash_start:
  nop
  cmpw $1024, 2(%rdi)
  je gm_test_rehash_split
gm_test_rehash_end:
  nop
  jmp 1f
gm_test_rehash_split:
  nop
1:
  pop %rbp
  pop %r14
  pop %rbx
  ret
  .popsection
)");

namespace {

class CountingTracer : public TracerTest {};

// A Swiss table of so many slots, in a map, on a goroutine.
struct FakeGrowth {
  std::array<std::uint16_t, 4> table{};
  std::array<std::uint64_t, 5> go_map{14, 1};
  std::array<std::uint64_t, 64> g{};

  explicit FakeGrowth(std::uint16_t slots) : table{14, slots} {}
  void grow(const void* frame = nullptr) const {
    gm_test_rehash(table.data(), go_map.data(), g.data(), frame);
  }
};

ProbeSite swiss_site(gm_role role, const char* address, gm_kind end_kind = GM_KIND_UNKNOWN) {
  ProbeSite at;
  at.kernel.role = static_cast<__u8>(role);
  at.file_offset = file_offset_of(std::bit_cast<std::uint64_t>(address));
  at.kernel.address = at.file_offset;
  at.kernel.end_kind = static_cast<__u8>(end_kind);
  at.kernel.goid_offset = 152;
  return at;
}

TEST_P(CountingTracer, CountsSwissGrowthsThatDoNotEndAsTheyBegan) {
  struct Case {
    std::uint16_t slots;
    gm_kind ends_as;  // kUnknown: it does not end
    std::uint64_t impossible;
  };
  for (const auto& [slots, ends_as, impossible] :
       {Case{16, GM_KIND_TABLE_DOUBLE, 0}, Case{1024, GM_KIND_SPLIT, 0}, Case{16, GM_KIND_SPLIT, 2},
        Case{1024, GM_KIND_TABLE_DOUBLE, 2}, Case{16, GM_KIND_UNKNOWN, 1}}) {
    auto tracer = load();
    ASSERT_TRUE(tracer.add_target(getpid()));
    std::vector<ProbeSite> sites{swiss_site(GM_ROLE_REHASH_START, &gm_test_rehash_start)};
    if (ends_as != GM_KIND_UNKNOWN)
      for (const auto* end : {&gm_test_rehash_end, &gm_test_rehash_split})
        sites.push_back(swiss_site(GM_ROLE_SWISS_END, end, ends_as));
    ASSERT_TRUE(attach(tracer, sites));
    tracer.activate();
    const FakeGrowth growth(slots);
    growth.grow();
    growth.grow();
    const auto stats = tracer.stats().value();
    EXPECT_EQ(stats.at(GM_STAT_HITS_START), 2U);
    EXPECT_EQ(stats.at(GM_STAT_FAULT), 0U);
    EXPECT_EQ(stats.at(GM_STAT_IMPOSSIBLE), impossible) << slots << ' ' << ends_as;
  }
}

// Starts are probed no sooner than their ends, and no longer: else a start would find the
// last one open, whose end was missed. Ends of two kinds go one after the other.
TEST_P(CountingTracer, TakesNoGrowthForTwoWhileProbesComeAndGo) {
  auto tracer = load();
  ASSERT_TRUE(tracer.add_target(getpid()));
  tracer.activate();
  const std::vector<ProbeSite> sites{
      swiss_site(GM_ROLE_REHASH_START, &gm_test_rehash_start),
      swiss_site(GM_ROLE_SWISS_END, &gm_test_rehash_end, GM_KIND_TABLE_DOUBLE),
      swiss_site(GM_ROLE_SWISS_END, &gm_test_rehash_split, GM_KIND_SPLIT)};
  const std::jthread storm([](const std::stop_token& stop) {
    FakeGrowth growth(16);
    for (; !stop.stop_requested(); growth.table[1] ^= 16 ^ 1024) growth.grow();
  });
  for (int i = 0; i < 20; i++) {
    ASSERT_TRUE(attach(tracer, sites));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    tracer.detach(0);
    tracer.forget_open({static_cast<std::uint32_t>(getpid())});
  }
  const auto stats = tracer.stats().value();
  EXPECT_GT(stats.at(GM_STAT_COUNTED), 0U);
  EXPECT_EQ(stats.at(GM_STAT_IMPOSSIBLE), 0U);
}

// More goroutines in the middle of a growth than there are slots for: some find none, and
// each finds its own again. Twice, for slots are free again after it.
TEST_P(CountingTracer, KeepsApartWhatManyGoroutinesGrow) {
  auto tracer = load();
  ASSERT_TRUE(tracer.add_target(getpid()));
  tracer.activate();
  const std::vector<ProbeSite> begins{swiss_site(GM_ROLE_REHASH_START, &gm_test_rehash_start)};
  const std::vector<ProbeSite> ends{
      swiss_site(GM_ROLE_SWISS_END, &gm_test_rehash_end, GM_KIND_TABLE_DOUBLE),
      swiss_site(GM_ROLE_SWISS_END, &gm_test_rehash_split, GM_KIND_SPLIT)};
  const std::vector<FakeGrowth> small(GM_SLOTS, FakeGrowth(16));
  const std::vector<FakeGrowth> large(GM_SLOTS, FakeGrowth(1024));
  const auto all_grow = [&] {
    for (const auto* growths : {&small, &large})
      for (const auto& growth : *growths) growth.grow();
  };
  for (const std::uint64_t times : {1U, 2U}) {
    ASSERT_TRUE(attach(tracer, begins));
    all_grow();
    tracer.detach(0);
    ASSERT_TRUE(attach(tracer, ends));
    all_grow();
    tracer.detach(0);
    std::map<unsigned, std::uint64_t> finished;
    const auto rows = tracer.counters().value();
    for (const auto& [key, value] : rows) {
      EXPECT_EQ(value.started, value.finished);
      EXPECT_EQ(value.finished_only, 0U);
      finished[key.kind] += value.finished;
    }
    EXPECT_EQ(finished, (std::map<unsigned, std::uint64_t>{{GM_KIND_TABLE_DOUBLE, times * GM_SLOTS},
                                                           {GM_KIND_SPLIT, times * GM_SLOTS}}));
  }
  // One that never ends is in nobody's way once it is forgotten.
  ASSERT_TRUE(attach(tracer, begins));
  all_grow();
  tracer.forget_open({static_cast<std::uint32_t>(getpid())});
  all_grow();
  const auto stats = tracer.stats().value();
  EXPECT_EQ(stats.at(GM_STAT_IMPOSSIBLE), 0U);
  EXPECT_EQ(stats.at(GM_STAT_OPEN_FULL), 0U);
  all_grow();
  EXPECT_EQ(tracer.stats().value().at(GM_STAT_IMPOSSIBLE), 2U * GM_SLOTS);
}

// A second process makes the first one no other, and one that has gone is nobody's.
TEST_P(CountingTracer, KnowsItsTargetsWhetherOneOrMore) {
  const auto own = getpid();
  const auto hits_that_count = [](Tracer& tracer) {
    const auto before = tracer.stats().value().at(GM_STAT_COUNTED);
    FakeGrowth(16).grow();
    return tracer.stats().value().at(GM_STAT_COUNTED) - before;
  };
  const std::vector<ProbeSite> begins{swiss_site(GM_ROLE_REHASH_START, &gm_test_rehash_start)};
  auto tracer = load();
  tracer.activate();
  ASSERT_TRUE(attach(tracer, begins));
  EXPECT_EQ(hits_that_count(tracer), 0);
  ASSERT_TRUE(tracer.add_target(own));
  EXPECT_EQ(hits_that_count(tracer), 1);
  ASSERT_TRUE(tracer.add_target(1));
  EXPECT_EQ(hits_that_count(tracer), 1);
  ASSERT_TRUE(tracer.exclude(own));
  EXPECT_EQ(hits_that_count(tracer), 0);
  ASSERT_TRUE(tracer.add_target(own));
  EXPECT_EQ(hits_that_count(tracer), 1);

  auto alone = load();
  alone.activate();
  ASSERT_TRUE(attach(alone, begins));
  ASSERT_TRUE(alone.add_target(own));
  ASSERT_TRUE(alone.take_counters({static_cast<std::uint32_t>(own)}));
  EXPECT_EQ(hits_that_count(alone), 0);
}

// A page, and behind it one that can't be read.
class LastPage {
 public:
  LastPage() {
    void* at =
        mmap(nullptr, 2 * kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) std::abort();
    page_ = static_cast<std::byte*>(at);
    if (mprotect(page_ + kBytes, kBytes, PROT_NONE) != 0) std::abort();
  }
  ~LastPage() { munmap(page_, 2 * kBytes); }
  LastPage(const LastPage&) = delete;
  LastPage& operator=(const LastPage&) = delete;

  // A word so many bytes before the page's end; behind it where negative.
  [[nodiscard]] std::uint64_t* word(int before_end) const {
    return std::bit_cast<std::uint64_t*>(page_ + kBytes - before_end);
  }

 private:
  static constexpr int kBytes = 4096;
  std::byte* page_;
};

struct WalkedStack {
  std::vector<std::uint64_t> callers;  // below the function that grows
  bool is_truncated = false;
  std::uint64_t faults = 0;
};

// What a growth's stack is whose frames lie so many bytes before the page's end; each
// returns to its own number, counted from 1.
WalkedStack walk(Tracer& tracer, const std::vector<int>& frames) {
  const LastPage page;
  for (std::size_t i = 0; i < frames.size() && frames[i] > 0; i++) {
    auto* frame = page.word(frames[i]);
    frame[0] = i + 1 < frames.size() ? std::bit_cast<std::uint64_t>(page.word(frames[i + 1])) : 0;
    frame[1] = i + 1;
  }
  FakeGrowth(16).grow(page.word(frames.front()));
  WalkedStack walked;
  walked.faults = tracer.stats().value().at(GM_STAT_STACK_FAULT);
  const auto drained = tracer.drain([&](const gm_record& record) {
    const auto stack = tracer.stack(record.key.stack).value_or(gm_stack{});
    walked.is_truncated = stack.truncated != 0;
    for (std::uint32_t i = 1; i < stack.count; i++)
      walked.callers.push_back(stack.pcs[i] + record.bias);
  });
  EXPECT_TRUE(drained);
  return walked;
}

// Stacks are read by pieces of a kibibyte: also where a piece can't be.
TEST_P(CountingTracer, WalksStacksToTheEndOfWhatIsMapped) {
  auto tracer = load(1 << 16);
  ASSERT_TRUE(tracer.add_target(getpid()));
  auto start = swiss_site(GM_ROLE_REHASH_START, &gm_test_rehash_start);
  start.kernel.frame_linked = 1;
  ASSERT_TRUE(attach(tracer, {start}));
  tracer.activate();
  using Callers = std::vector<std::uint64_t>;

  EXPECT_EQ(walk(tracer, {16}).callers, Callers({1}));
  EXPECT_EQ(walk(tracer, {3000, 16}).callers, Callers({1, 2}));
  EXPECT_EQ(walk(tracer, {4096, 3088, 3072, 2063, 900, 512, 16}).callers,
            Callers({1, 2, 3, 4, 5, 6, 7}));
  std::vector<int> deep;
  Callers callers;
  for (int i = 0; i < GM_MAX_FRAMES; i++) {
    deep.push_back(4096 - 60 * i);
    if (i + 1 < GM_MAX_FRAMES) callers.push_back(static_cast<std::uint64_t>(i) + 1);
  }
  const auto many = walk(tracer, deep);
  EXPECT_EQ(many.callers, callers);
  EXPECT_TRUE(many.is_truncated);
  EXPECT_EQ(many.faults, 0U);

  const auto cut = walk(tracer, {2000, 100, -8});
  EXPECT_EQ(cut.callers, Callers({1, 2}));
  EXPECT_EQ(cut.faults, 1U);
}

INSTANTIATE_TEST_SUITE_P(Attached, CountingTracer, testing::Bool(), [](const auto& way) {
  return way.param ? "by_perf_events" : "by_uprobe_multi";
});

}  // namespace
}  // namespace gomapd::kernel
