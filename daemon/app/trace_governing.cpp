// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/trace_governing.h"

#include <utility>

#include "daemon/app/clock.h"
#include "daemon/app/growth_windows.h"
#include "daemon/kernel/growth_cost.h"
#include "daemon/kernel/growth_sampler.h"
#include "daemon/proc/cpu_time.h"

namespace gomapd::app {

Result<std::unique_ptr<TraceGoverning>> TraceGoverning::create(const Options& options,
                                                               kernel::Tracer* tracer,
                                                               const BinaryTable* binaries,
                                                               TraceResolver* resolver) {
  auto sampler = TRY(kernel::GrowthSampler::load(
      {.force_perf_uprobes = options.force_perf_uprobes, .all_processes = false}, *tracer));
  auto windows =
      std::make_unique<GrowthWindows>(std::move(sampler), kShareOfWindows * options.max_overhead);
  const auto cost = kernel::measure_growth_hit_cost(options.force_perf_uprobes);
  auto governing = std::make_unique<Governing>(
      model::GovernorRules{.max_overhead = options.max_overhead},
      options.with_buckets ? model::ProbeLevel::kBuckets : model::ProbeLevel::kGrowth,
      Governing::Costs{.exact = cost}, tracer, binaries, std::move(windows));
  return std::unique_ptr<TraceGoverning>(new TraceGoverning(std::move(governing), cost, resolver));
}

void TraceGoverning::add(std::uint32_t pid, std::uint32_t binary, const std::string& name) {
  processes_.push_back(
      {.number = binary, .name = name, .processes = {pid}, .pid = static_cast<pid_t>(pid)});
}

void TraceGoverning::start() {
  looked_ns_ = monotonic_ns();
  (void)measure({});
}

ProbeUses TraceGoverning::measure(std::span<const model::CounterRow> rows) {
  std::map<std::uint32_t, Before> now;
  for (const auto& [key, value] : rows) {
    auto& own = now[key.tgid];
    own.hits += hits_of(value);
    own.bucket_hits += bucket_hits_of(key, value);
  }
  ProbeUses uses;
  for (const auto& process : processes_) {
    const auto pid = static_cast<std::uint32_t>(process.pid);
    auto& last = before_[pid];
    auto& own = now[pid];
    own.cpu_ns = proc::cpu_time_ns(process.pid).value_or(last.cpu_ns);
    uses[pid] = {.probe_ns = static_cast<double>(own.hits - last.hits) * hit_cost_.ns,
                 .cpu_ns = static_cast<double>(own.cpu_ns - last.cpu_ns),
                 .bucket_hits = static_cast<double>(own.bucket_hits - last.bucket_hits)};
    last = own;
  }
  return uses;
}

void TraceGoverning::advance(std::span<const model::CounterRow> rows) {
  estimates_.settle(rows);
  auto uses = measure(rows);
  const auto now = monotonic_ns();
  const auto seconds = static_cast<double>(now - std::exchange(looked_ns_, now)) / 1e9;
  governing_->collect(estimates_, *resolver_, uses);
  governing_->advance(processes_, uses, seconds, estimates_);
  for (const auto& process : processes_)
    has_sampled_ = has_sampled_ || governing_->level(process.number) == model::ProbeLevel::kSampled;
}

void TraceGoverning::stop(std::span<const model::CounterRow> rows) {
  for (const auto& process : processes_) governing_->end_windows(process.number);
  estimates_.settle(rows);
  ProbeUses uses;
  governing_->collect(estimates_, *resolver_, uses);
}

}  // namespace gomapd::app
