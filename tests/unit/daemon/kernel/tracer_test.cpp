// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The tracer's life, without a Go program: what is loaded and attached goes
// away again. The probes lie in functions of this test itself.
#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <filesystem>

#include "tests/unit/daemon/kernel/tracer_fixture.h"

namespace gomapd::kernel {

// Probes lie at its first instruction. Not static: it must stay a function.
// NOLINTNEXTLINE(misc-use-internal-linkage)
[[gnu::noinline]] int probed_function(int value) {
  asm volatile("" ::: "memory");
  return value + 1;
}

namespace {

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

class AttachingTracer : public TracerTest {
 protected:
  // Hits that one call of the probed function brings.
  static std::uint64_t hits_of_a_call(const Tracer& tracer) {
    const auto before = tracer.stats().value().at(GM_STAT_HITS_START);
    (void)probed_function(1);
    return tracer.stats().value().at(GM_STAT_HITS_START) - before;
  }
};

TEST_P(AttachingTracer, SaysHowItAttaches) {
  EXPECT_EQ(load().attach_method(), GetParam() ? "perf_event" : "uprobe_multi");
}

TEST_P(AttachingTracer, LoadsTwiceSideBySide) {
  auto first = load();
  auto second = load();
  ASSERT_TRUE(attach(first, {site(GM_ROLE_CLASSIC_START)}));
  EXPECT_EQ(hits_of_a_call(first), 1U);
  EXPECT_EQ(hits_of_a_call(second), 0U);
  ASSERT_TRUE(attach(second, {site(GM_ROLE_REHASH_START)}));
  EXPECT_EQ(hits_of_a_call(first), 1U);
  EXPECT_EQ(hits_of_a_call(second), 1U);
}

TEST_P(AttachingTracer, CountsNothingBeforeItIsActivated) {
  auto tracer = load();
  ASSERT_TRUE(tracer.add_target(getpid()));
  ASSERT_TRUE(attach(tracer, {site(GM_ROLE_CLASSIC_START)}));
  EXPECT_EQ(hits_of_a_call(tracer), 1U);
  const auto stats = tracer.stats().value();
  EXPECT_EQ(stats.at(GM_STAT_FILTERED), 1U);
  EXPECT_EQ(stats.at(GM_STAT_COUNTED), 0U);
  EXPECT_TRUE(tracer.counters().value().empty());
}

TEST_P(AttachingTracer, TakesItsProbesOutWhenDetached) {
  auto tracer = load();
  ASSERT_TRUE(attach(tracer, {site(GM_ROLE_CLASSIC_START)}));
  tracer.detach();
  EXPECT_EQ(hits_of_a_call(tracer), 0U);
  tracer.detach();
  EXPECT_EQ(hits_of_a_call(tracer), 0U);
}

TEST_P(AttachingTracer, LeavesNothingWhenItDies) {
  (void)load();  // libbpf's own probing of features, and ours, is done once
  const auto before = held_descriptors();
  {
    auto tracer = load();
    ASSERT_TRUE(attach(tracer, {site(GM_ROLE_CLASSIC_START)}));
    EXPECT_GT(held_descriptors(), before);
  }
  EXPECT_EQ(held_descriptors(), before);
}

TEST_P(AttachingTracer, LeavesNothingOfTheOldOneOnMoveAssignment) {
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

TEST_P(AttachingTracer, RoundsATinyRingUp) {
  for (const std::uint32_t ring_bytes : {0U, 1U, 4097U, 12'000U}) {
    auto tracer = load(ring_bytes);
    EXPECT_TRUE(tracer.drain([](const gm_record&) { ADD_FAILURE() << "a record of nobody"; }));
    EXPECT_EQ(tracer.rejected_records(), 0U);
  }
}

TEST_P(AttachingTracer, AttachesAllOrNothing) {
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

TEST_P(AttachingTracer, KeepsEarlierProbesWhenALaterAttachFails) {
  auto tracer = load();
  ASSERT_TRUE(attach(tracer, {site(GM_ROLE_CLASSIC_START)}));
  ASSERT_FALSE(attach(tracer, {site_past_the_end(GM_ROLE_REHASH_START)}));
  EXPECT_EQ(hits_of_a_call(tracer), 1U);
}

TEST_P(AttachingTracer, CannotAttachToWhatIsNoFile) {
  auto tracer = load();
  const auto before = held_descriptors();
  const proc::Fd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  for (const int fd : {-1, 1'000'000, null.get()}) {
    const std::vector<ProbeSite> sites{site(GM_ROLE_CLASSIC_START)};
    EXPECT_FALSE(tracer.attach(sites, 0, fd, getpid())) << fd;
  }
  EXPECT_EQ(held_descriptors(), before);
}

TEST_P(AttachingTracer, KnowsNoStackOrTypeThatWasNotKept) {
  const auto tracer = load();
  EXPECT_EQ(tracer.stack(0).has_value(), false);
  EXPECT_EQ(tracer.stack(12345).has_value(), false);
  EXPECT_EQ(tracer.made_type(1, 12345).has_value(), false);
}

INSTANTIATE_TEST_SUITE_P(Attached, AttachingTracer, testing::Bool(), [](const auto& way) {
  return way.param ? "by_perf_events" : "by_uprobe_multi";
});

}  // namespace
}  // namespace gomapd::kernel
