// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The assign programs on a function of this test's own: what is counted, where,
// and that every hit is accounted for.
#include "daemon/kernel/assign_probes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "daemon/kernel/features.h"
#include "daemon/proc/file.h"

namespace gomapd::kernel {
namespace {

// Runs with uprobe_multi (false) and with perf events (true).
class AssignTracer : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (const auto ready = check_prerequisites(); !ready) GTEST_SKIP() << ready.error().context;
    if (!GetParam() && !has_uprobe_multi())
      GTEST_SKIP() << "the kernel has no uprobe_multi: it came with Linux 6.6";
    if (!probed_function_offset()) GTEST_SKIP() << probed_function_offset().error().context;
    self_ = proc::Fd(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(self_);
  }

  static AssignProbes load(std::uint32_t row_entries = 128) {
    AssignProbesOptions options;
    options.force_perf_uprobes = GetParam();
    options.row_entries = row_entries;
    return AssignProbes::load(options).value();
  }

  // In a program that is not relocated, so that what is read comes back as it is.
  static std::size_t add_site(AssignProbes& probes, gm_role role) {
    ProbeSite site;
    site.file_offset = probed_function_offset().value();
    site.kernel.role = static_cast<__u8>(role);
    site.kernel.address = 1;
    return probes.add_sites(std::span(&site, 1), 4).value();
  }

  Result<void> attach(AssignProbes& probes, std::size_t sites, pid_t pid = getpid()) {
    return probes.attach(sites, self_.get(), pid);
  }

  static void expect_conservation(const Stats& stats) {
    EXPECT_EQ(stats.at(GM_STAT_HITS_ASSIGN),
              stats.at(GM_STAT_FILTERED) + stats.at(GM_STAT_BRANCH_TAKEN) +
                  stats.at(GM_STAT_NO_SITE) + stats.at(GM_STAT_FAULT) +
                  stats.at(GM_STAT_UNCOUNTED) + stats.at(GM_STAT_COUNTED));
  }

  proc::Fd self_;
};

TEST_P(AssignTracer, CountsByMapAndSeed) {
  auto probes = load();
  ASSERT_TRUE(attach(probes, add_site(probes, GM_ROLE_SWISS_ASSIGN)));
  const std::array<std::uint64_t, 2> one{3, 77};
  const std::array<std::uint64_t, 2> other{3, 78};
  probes.start();
  call_probed_function(5, one.data());
  call_probed_function(7, other.data());
  probes.stop();
  probes.detach();
  const auto counts = probes.take().value();
  ASSERT_EQ(counts.rows.size(), 2U);
  for (const auto& [key, value] : counts.rows) {
    const bool is_one = key.go_map == reinterpret_cast<std::uint64_t>(one.data());
    EXPECT_EQ(key.seed, is_one ? 77U : 78U);
    EXPECT_EQ(value.hits, is_one ? 5U : 7U);
    EXPECT_EQ(key.tgid, static_cast<__u32>(getpid()));
    EXPECT_EQ(value.binary, 4U);
    EXPECT_EQ(key.type + value.bias, key.go_map);  // rax held the same
  }
  ASSERT_EQ(counts.threads.size(), 1U);
  EXPECT_LE(counts.threads[0].pace.gaps, 11U);
  expect_conservation(probes.stats().value());
  EXPECT_TRUE(probes.take().value().rows.empty());
}

TEST_P(AssignTracer, TakesAClassicMapsSeedFromItsUpperHalf) {
  auto probes = load();
  ASSERT_TRUE(attach(probes, add_site(probes, GM_ROLE_CLASSIC_ASSIGN)));
  const std::array<std::uint64_t, 2> hmap{3, 77ULL << 32U | 12345};
  probes.start();
  call_probed_function(1, hmap.data());
  probes.detach();
  const auto counts = probes.take().value();
  ASSERT_EQ(counts.rows.size(), 1U);
  EXPECT_EQ(counts.rows[0].key.seed, 77U);
}

TEST_P(AssignTracer, CountsOnlyBetweenStartAndStop) {
  auto probes = load();
  const auto sites = add_site(probes, GM_ROLE_SWISS_ASSIGN);
  const std::array<std::uint64_t, 2> one{};
  call_probed_function(1, one.data());  // not attached: no hit at all
  ASSERT_TRUE(attach(probes, sites));
  call_probed_function(2, one.data());
  probes.start();
  call_probed_function(3, one.data());
  probes.stop();
  call_probed_function(4, one.data());
  probes.detach();
  call_probed_function(5, one.data());
  const auto stats = probes.stats().value();
  EXPECT_EQ(stats.at(GM_STAT_HITS_ASSIGN), 9U);
  EXPECT_EQ(stats.at(GM_STAT_FILTERED), 6U);
  EXPECT_EQ(stats.at(GM_STAT_COUNTED), 3U);
  EXPECT_EQ(probes.hits().value(), 9U);
  expect_conservation(stats);
}

TEST_P(AssignTracer, DoesNotCountWhatCannotBeRead) {
  auto probes = load();
  ASSERT_TRUE(attach(probes, add_site(probes, GM_ROLE_SWISS_ASSIGN)));
  probes.start();
  call_probed_function(2, nullptr);  // a nil map
  probes.detach();
  EXPECT_EQ(probes.stats().value().at(GM_STAT_FAULT), 2U);
  EXPECT_TRUE(probes.take().value().rows.empty());
  expect_conservation(probes.stats().value());
}

TEST_P(AssignTracer, CountsWithoutTheMapWhenThereAreTooMany) {
  auto probes = load(4);
  ASSERT_TRUE(attach(probes, add_site(probes, GM_ROLE_SWISS_ASSIGN)));
  std::array<std::uint64_t, 2000> headers{};
  probes.start();
  for (std::size_t i = 0; i + 1 < headers.size(); ++i) call_probed_function(1, &headers.at(i));
  probes.detach();
  const auto counts = probes.take().value();
  const auto stats = probes.stats().value();
  std::uint64_t hits = 0;
  std::uint64_t without = 0;
  for (const auto& [key, value] : counts.rows) {
    hits += value.hits;
    if (key.go_map == 0) without += value.hits;
  }
  EXPECT_EQ(hits, headers.size() - 1);
  EXPECT_EQ(stats.at(GM_STAT_COUNTED), hits);
  EXPECT_EQ(stats.at(GM_STAT_ASSIGNS_FULL), without);
  EXPECT_GT(without, 0U);
  expect_conservation(stats);
}

TEST_P(AssignTracer, CannotAttachToAProcessThatIsNotThere) {
  auto probes = load();
  const auto sites = add_site(probes, GM_ROLE_SWISS_ASSIGN);
  EXPECT_FALSE(attach(probes, sites, 0x3ffffffe));
  const std::array<std::uint64_t, 2> one{};
  call_probed_function(3, one.data());
  EXPECT_EQ(probes.hits().value(), 0U);
}

TEST_P(AssignTracer, MeasuresWhatAHitCostsAndForgetsIt) {
  auto probes = load();
  const auto cost = probes.measure_hit_cost();
  EXPECT_TRUE(cost.measured);
  EXPECT_GT(cost.ns, 50);
  EXPECT_GT(cost.error_ns, 0);
  const auto stepped = probes.measure_hit_cost(Execution::kStepped);
  EXPECT_TRUE(stepped.measured);
  // Two more exceptions and a borrowed page: by far.
  EXPECT_GT(stepped.ns, 1.5 * cost.ns);
  const auto stats = probes.stats().value();
  EXPECT_EQ(stats.at(GM_STAT_HITS_ASSIGN), 0U);
  EXPECT_EQ(stats.at(GM_STAT_COUNTED), 0U);
  EXPECT_TRUE(probes.take().value().rows.empty());
}

INSTANTIATE_TEST_SUITE_P(Attached, AssignTracer, testing::Bool(), [](const auto& way) {
  return way.param ? "by_perf_events" : "by_uprobe_multi";
});

}  // namespace
}  // namespace gomapd::kernel
