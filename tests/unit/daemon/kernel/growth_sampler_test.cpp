// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The programs of sampled windows on a function of this test's own.
#include "daemon/kernel/growth_sampler.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <optional>

#include "daemon/kernel/features.h"
#include "daemon/proc/file.h"

namespace gomapd::kernel {
namespace {

// Runs with uprobe_multi (false) and with perf events (true).
class SamplerTracer : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (const auto ready = check_prerequisites(); !ready) GTEST_SKIP() << ready.error().context;
    if (!GetParam() && !has_uprobe_multi())
      GTEST_SKIP() << "the kernel has no uprobe_multi: it came with Linux 6.6";
    if (!probed_function_offset()) GTEST_SKIP() << probed_function_offset().error().context;
    self_ = proc::Fd(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(self_);
    TracerOptions options;
    options.force_perf_uprobes = GetParam();
    tracer_.emplace(Tracer::load(options).value());
    GrowthSamplerOptions sampling;
    sampling.force_perf_uprobes = GetParam();
    sampler_.emplace(GrowthSampler::load(sampling, *tracer_).value());
  }

  // The one function stands for a start, the other for its echo.
  Result<void> attach(SampledSites which = SampledSites::kStarts) {
    std::array<ProbeSite, 2> sites;
    sites[0].file_offset = probed_function_offset().value();
    sites[0].kernel.role = GM_ROLE_TO_TABLE_START;
    sites[1].file_offset = probed_function_offset(Execution::kStepped).value();
    sites[1].kernel.role = GM_ROLE_ECHO;
    for (auto& site : sites) site.kernel.address = 1;
    return sampler_->attach(sites, which, 4, self_.get(), getpid());
  }
  void expect_conservation() {
    const auto stats = sampler_->stats().value();
    EXPECT_EQ(stats.at(GM_STAT_HITS_START) + stats.at(GM_STAT_HITS_END),
              stats.at(GM_STAT_FILTERED) + stats.at(GM_STAT_BRANCH_TAKEN) +
                  stats.at(GM_STAT_NO_SITE) + stats.at(GM_STAT_UNCOUNTED) +
                  stats.at(GM_STAT_COUNTED));
  }

  static constexpr std::array<std::uint64_t, 8> kMap{3, 77};  // used, seed
  const std::uint32_t own_ = static_cast<std::uint32_t>(getpid());
  proc::Fd self_;
  std::optional<Tracer> tracer_;
  std::optional<GrowthSampler> sampler_;
};

TEST_P(SamplerTracer, CountsEveryStartAndDescribesSome) {
  ASSERT_TRUE(tracer_->add_target(getpid()));
  ASSERT_TRUE(attach());
  sampler_->start();
  call_probed_function(1000, kMap.data());
  sampler_->stop();
  const auto window = sampler_->take().value();
  ASSERT_EQ(window.counts.size(), 1);
  EXPECT_EQ(window.counts.at(own_).starts, 1000);
  ASSERT_EQ(window.described.size(), 1);
  const auto& [key, sample] = window.described.front();
  EXPECT_EQ(key.tgid, own_);
  EXPECT_EQ(key.kind, GM_KIND_TO_TABLE);
  EXPECT_EQ(sample.max_keys, 3);
  EXPECT_EQ(sample.binary, 4);
  // By CPU: the test may have moved to another one.
  EXPECT_NEAR(static_cast<double>(sample.described), 1000.0 / GM_SAMPLE_DESCRIBED, 3);
  EXPECT_TRUE(tracer_->stack(key.stack).has_value());
  expect_conservation();
}

TEST_P(SamplerTracer, HitsEchoesOnlyWhenAsked) {
  ASSERT_TRUE(tracer_->add_target(getpid()));
  for (const auto which : {SampledSites::kStarts, SampledSites::kStartsAndEchoes}) {
    ASSERT_TRUE(attach(which));
    sampler_->start();
    call_probed_function(100, kMap.data());
    call_probed_function(40, kMap.data(), Execution::kStepped);
    sampler_->detach();
    const auto window = sampler_->take().value();
    EXPECT_EQ(window.counts.at(own_).starts, 100);
    EXPECT_EQ(window.counts.at(own_).echoes, which == SampledSites::kStarts ? 0 : 40);
    // The last start has the first of these; the others have none.
    EXPECT_LE(window.counts.at(own_).echoed, which == SampledSites::kStarts ? 0 : 1);
    EXPECT_EQ(window.described.size(), 1);
  }
  EXPECT_EQ(sampler_->stats().value().at(GM_STAT_HITS_END), 40);
  EXPECT_EQ(sampler_->hits().value(), 240);
  expect_conservation();
}

// A start and its echo, by turns: what passes from the one to the other is a hit.
TEST_P(SamplerTracer, MeasuresAHitByItsEcho) {
  constexpr std::uint64_t kTimes = 2000;
  ASSERT_TRUE(tracer_->add_target(getpid()));
  ASSERT_TRUE(attach(SampledSites::kStartsAndEchoes));
  sampler_->start();
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < kTimes; ++i) {
    call_probed_function(1, kMap.data());
    call_probed_function(1, kMap.data(), Execution::kStepped);
  }
  const auto passed = std::chrono::steady_clock::now() - began;
  sampler_->detach();
  const auto window = sampler_->take().value();
  const auto& counts = window.counts.at(own_);
  EXPECT_EQ(counts.echoes, kTimes);
  // But for those that were interrupted, or moved to another CPU meanwhile.
  EXPECT_GE(counts.echoed, kTimes / 2);
  EXPECT_LE(counts.echoed, kTimes);
  EXPECT_GT(counts.clock_ns, 0);
  EXPECT_GT(counts.echo_ns, 5 * counts.clock_ns);
  EXPECT_LT(std::chrono::nanoseconds(counts.echo_ns), passed);
  expect_conservation();
}

TEST_P(SamplerTracer, CountsInWindowsOfTargetsOnly) {
  ASSERT_TRUE(attach());
  sampler_->start();
  call_probed_function(10, kMap.data());
  EXPECT_TRUE(sampler_->take().value().counts.empty());
  ASSERT_TRUE(tracer_->add_target(getpid()));
  sampler_->stop();
  call_probed_function(10, kMap.data());
  sampler_->start();
  call_probed_function(5, kMap.data());
  sampler_->detach();
  call_probed_function(10, kMap.data());
  EXPECT_EQ(sampler_->take().value().counts.at(own_).starts, 5);
  EXPECT_EQ(sampler_->hits().value(), 25);
  expect_conservation();
  // The next window's are its own.
  ASSERT_TRUE(attach());
  sampler_->start();
  call_probed_function(7, kMap.data());
  sampler_->detach();
  const auto next = sampler_->take().value();
  EXPECT_EQ(next.counts.at(own_).starts, 7);
  EXPECT_TRUE(sampler_->take().value().counts.empty());
}

TEST_P(SamplerTracer, MeasuresItsCostAndLeavesNoTrace) {
  const auto cost = sampler_->measure_hit_cost();
  EXPECT_TRUE(cost.measured);
  EXPECT_GT(cost.ns, 0);
  EXPECT_EQ(sampler_->hits().value(), 0);
  EXPECT_TRUE(sampler_->take().value().counts.empty());
  call_probed_function(3, kMap.data());
  EXPECT_EQ(sampler_->hits().value(), 0);
}

INSTANTIATE_TEST_SUITE_P(Attach, SamplerTracer, testing::Bool(), [](const auto& parameter) {
  return parameter.param ? "perf_event" : "uprobe_multi";
});

}  // namespace
}  // namespace gomapd::kernel
