// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The tracer's life, without a Go program: what is loaded and attached goes
// away again. The probes lie in functions of this test itself.
#include "daemon/kernel/tracer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <thread>

#include "daemon/kernel/features.h"
#include "daemon/proc/file.h"

namespace gomapd::kernel {

// Probes lie at its first instruction. Not static: it must stay a function.
// NOLINTNEXTLINE(misc-use-internal-linkage)
[[gnu::noinline]] int probed_function(int value) {
  asm volatile("" ::: "memory");
  return value + 1;
}

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

// The place of an address of this program in its file, as /proc/self/maps has it.
std::uint64_t file_offset_of(std::uint64_t address) {
  std::ifstream lines("/proc/self/maps");
  for (std::string line; std::getline(lines, line);) {
    unsigned long begin = 0;
    unsigned long end = 0;
    unsigned long offset = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx %*s %lx", &begin, &end, &offset) == 3 &&
        address >= begin && address < end)
      return address - begin + offset;
  }
  return 0;
}

ProbeSite site(gm_role role) {
  ProbeSite site;
  site.file_offset = file_offset_of(std::bit_cast<std::uint64_t>(&probed_function));
  site.kernel.role = static_cast<__u8>(role);
  return site;
}

ProbeSite site_past_the_end(gm_role role) {
  auto bad = site(role);
  bad.file_offset = std::filesystem::file_size("/proc/self/exe") + 4096;
  return bad;
}

// Descriptors of ours on BPF objects and on probes.
std::size_t held_descriptors() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    const auto target = std::filesystem::read_symlink(entry, ignored).string();
    const bool is_probe =
        target.find("bpf") != std::string::npos || target.find("perf_event") != std::string::npos;
    count += is_probe ? 1 : 0;
  }
  return count;
}

// Runs with uprobe_multi (false) and with perf events (true).
class Tracer : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (const auto ready = check_prerequisites(); !ready) GTEST_SKIP() << ready.error().context;
    if (!GetParam() && !has_uprobe_multi())
      GTEST_SKIP() << "the kernel has no uprobe_multi: it came with Linux 6.6";
    self_ = proc::Fd(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(self_);
  }

  static kernel::Tracer load(std::uint32_t ring_bytes = 4096) {
    TracerOptions options;
    options.ring_bytes = ring_bytes;
    options.force_perf_uprobes = GetParam();
    return kernel::Tracer::load(options).value();
  }

  Result<void> attach(kernel::Tracer& tracer, const std::vector<ProbeSite>& sites) {
    return tracer.attach(sites, 0, self_.get(), getpid());
  }

  // Hits that one call of the probed function brings.
  static std::uint64_t hits_of_a_call(const kernel::Tracer& tracer) {
    const auto before = tracer.stats().value().at(GM_STAT_HITS_START);
    (void)probed_function(1);
    return tracer.stats().value().at(GM_STAT_HITS_START) - before;
  }

  proc::Fd self_;
};

TEST_P(Tracer, SaysHowItAttaches) {
  EXPECT_EQ(load().attach_method(), GetParam() ? "perf_event" : "uprobe_multi");
}

TEST_P(Tracer, LoadsTwiceSideBySide) {
  auto first = load();
  auto second = load();
  ASSERT_TRUE(attach(first, {site(GM_ROLE_CLASSIC_START)}));
  EXPECT_EQ(hits_of_a_call(first), 1U);
  EXPECT_EQ(hits_of_a_call(second), 0U);
  ASSERT_TRUE(attach(second, {site(GM_ROLE_REHASH_START)}));
  EXPECT_EQ(hits_of_a_call(first), 1U);
  EXPECT_EQ(hits_of_a_call(second), 1U);
}

TEST_P(Tracer, CountsNothingBeforeItIsActivated) {
  auto tracer = load();
  ASSERT_TRUE(tracer.add_target(getpid()));
  ASSERT_TRUE(attach(tracer, {site(GM_ROLE_CLASSIC_START)}));
  EXPECT_EQ(hits_of_a_call(tracer), 1U);
  const auto stats = tracer.stats().value();
  EXPECT_EQ(stats.at(GM_STAT_FILTERED), 1U);
  EXPECT_EQ(stats.at(GM_STAT_COUNTED), 0U);
  EXPECT_TRUE(tracer.counters().value().empty());
}

TEST_P(Tracer, TakesItsProbesOutWhenDetached) {
  auto tracer = load();
  ASSERT_TRUE(attach(tracer, {site(GM_ROLE_CLASSIC_START)}));
  tracer.detach();
  EXPECT_EQ(hits_of_a_call(tracer), 0U);
  tracer.detach();
  EXPECT_EQ(hits_of_a_call(tracer), 0U);
}

TEST_P(Tracer, LeavesNothingWhenItDies) {
  (void)load();  // libbpf's own probing of features, and ours, is done once
  const auto before = held_descriptors();
  {
    auto tracer = load();
    ASSERT_TRUE(attach(tracer, {site(GM_ROLE_CLASSIC_START)}));
    EXPECT_GT(held_descriptors(), before);
  }
  EXPECT_EQ(held_descriptors(), before);
}

TEST_P(Tracer, LeavesNothingOfTheOldOneOnMoveAssignment) {
  auto tracer = load();
  ASSERT_TRUE(attach(tracer, {site(GM_ROLE_CLASSIC_START)}));
  auto other = load();
  const auto of_both = held_descriptors();
  tracer = std::move(other);
  EXPECT_LT(held_descriptors(), of_both);
  EXPECT_EQ(hits_of_a_call(tracer), 0U);
  ASSERT_TRUE(attach(tracer, {site(GM_ROLE_CLASSIC_START)}));
  EXPECT_EQ(hits_of_a_call(tracer), 1U);
}

TEST_P(Tracer, RoundsATinyRingUp) {
  for (const std::uint32_t ring_bytes : {0U, 1U, 4097U, 12'000U}) {
    auto tracer = load(ring_bytes);
    EXPECT_TRUE(tracer.drain([](const gm_record&) { ADD_FAILURE() << "a record of nobody"; }));
    EXPECT_EQ(tracer.rejected_records(), 0U);
  }
}

TEST_P(Tracer, AttachesAllOrNothing) {
  auto tracer = load();
  const auto before = held_descriptors();
  // The first role's sites are good: they go when a later role's fail.
  const auto attached =
      attach(tracer, {site(GM_ROLE_CLASSIC_START), site_past_the_end(GM_ROLE_REHASH_START)});
  ASSERT_FALSE(attached);
  EXPECT_EQ(attached.error().code, Errc::kSystem) << attached.error().context;
  EXPECT_EQ(held_descriptors(), before);
  EXPECT_EQ(hits_of_a_call(tracer), 0U);
}

TEST_P(Tracer, KeepsEarlierProbesWhenALaterAttachFails) {
  auto tracer = load();
  ASSERT_TRUE(attach(tracer, {site(GM_ROLE_CLASSIC_START)}));
  ASSERT_FALSE(attach(tracer, {site_past_the_end(GM_ROLE_REHASH_START)}));
  EXPECT_EQ(hits_of_a_call(tracer), 1U);
}

TEST_P(Tracer, CannotAttachToWhatIsNoFile) {
  auto tracer = load();
  const auto before = held_descriptors();
  const proc::Fd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  for (const int fd : {-1, 1'000'000, null.get()}) {
    const std::vector<ProbeSite> sites{site(GM_ROLE_CLASSIC_START)};
    EXPECT_FALSE(tracer.attach(sites, 0, fd, getpid())) << fd;
  }
  EXPECT_EQ(held_descriptors(), before);
}

TEST_P(Tracer, KnowsNoStackOrTypeThatWasNotKept) {
  const auto tracer = load();
  EXPECT_EQ(tracer.stack(0).has_value(), false);
  EXPECT_EQ(tracer.stack(12345).has_value(), false);
  EXPECT_EQ(tracer.made_type(1, 12345).has_value(), false);
}

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
  auto at = site(role);
  at.file_offset = file_offset_of(std::bit_cast<std::uint64_t>(address));
  at.kernel.address = at.file_offset;
  at.kernel.end_kind = static_cast<__u8>(end_kind);
  at.kernel.goid_offset = 152;
  return at;
}

TEST_P(Tracer, CountsSwissGrowthsThatDoNotEndAsTheyBegan) {
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
TEST_P(Tracer, TakesNoGrowthForTwoWhileProbesComeAndGo) {
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
WalkedStack walk(kernel::Tracer& tracer, const std::vector<int>& frames) {
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
TEST_P(Tracer, WalksStacksToTheEndOfWhatIsMapped) {
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

INSTANTIATE_TEST_SUITE_P(Attached, Tracer, testing::Bool(), [](const auto& way) {
  return way.param ? "by_perf_events" : "by_uprobe_multi";
});

}  // namespace
}  // namespace gomapd::kernel
