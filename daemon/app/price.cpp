// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/price.h"

#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "daemon/app/clock.h"
#include "daemon/app/echoes.h"
#include "daemon/app/go_code.h"
#include "daemon/app/growth_windows.h"
#include "daemon/app/targets.h"
#include "daemon/kernel/features.h"
#include "daemon/kernel/growth_cost.h"
#include "daemon/proc/cpu_time.h"

namespace gomapd::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

struct Priced {
  explicit Priced(proc::Process of) : process(std::move(of)) {}

  proc::Process process;
  std::uint32_t binary = 0;
  std::uint64_t began_ns = 0;
  std::uint64_t cpu_began_ns = 0;
  std::uint64_t cpu_last_ns = 0;  // as long as it could be read
  double variance = 0;
  std::uint64_t windows = 0;
  bool hit_known = false;
  model::PriceSample sample;
};

void add(Priced& to, const SampledBinary& window) {
  auto& sample = to.sample;
  sample.probe_ns += window.probe_ns;
  sample.window_cpu_ns += window.cpu_ns;
  sample.starts += window.starts;
  for (const auto& process : window.processes) {
    sample.growths += process.growths;
    to.variance += process.variance;
  }
  for (const auto& [key, value] : window.described) {
    const bool is_classic = key.kind == GM_KIND_DOUBLE || key.kind == GM_KIND_SAME_SIZE;
    const double buckets = is_classic ? std::exp2(key.old_log2) : 0;
    const auto count = static_cast<double>(value.described);
    sample.described += count;
    sample.buckets += count * buckets;
    sample.buckets_squared += count * buckets * buckets;
  }
  if (window.is_rest) return;
  ++to.windows;
  sample.hit = window.hit;  // the last one knows most
  to.hit_known = true;
}

Result<Priced> prepare(pid_t pid, analyst::Workshop& workshop, BinaryTable& binaries,
                       kernel::Tracer& tracer) {
  Priced priced(TRY(proc::Process::open(pid)));
  auto code = TRY(take_go_code(workshop, priced.process));
  const auto name = fmt::format("process {} ({})", pid, priced.process.exe);
  priced.binary = TRY(binaries.add(workshop, std::move(code.file), name));
  TRY_VOID(tracer.add_target(pid));
  return priced;
}

// Until the time is over or all have gone.
void wait(std::vector<Priced>& all, nanoseconds duration) {
  const auto end = monotonic_ns() + static_cast<std::uint64_t>(duration.count());
  for (auto now = monotonic_ns(); now < end; now = monotonic_ns()) {
    const nanoseconds left(static_cast<std::int64_t>(end - now));
    const auto step = std::min<nanoseconds>(left, milliseconds(100));
    (void)poll(nullptr, 0, static_cast<int>(std::max<std::int64_t>(step.count() / 1'000'000, 1)));
    bool any = false;
    for (auto& one : all) {
      if (proc::has_exited(one.process.pidfd)) continue;
      any = true;
      one.cpu_last_ns = proc::cpu_time_ns(one.process.pid).value_or(one.cpu_last_ns);
    }
    if (!any) return;
  }
}

exporter::ProcessPrice result(Priced& priced, const Plan& plan, const kernel::HitCost& exact,
                              const kernel::HitCost& sampled, double max_overhead) {
  auto& sample = priced.sample;
  const auto known = sample.window_cpu_ns > 0 && priced.windows > 0;
  if (known && priced.variance > 0) sample.growths_error = std::sqrt(priced.variance);
  // What a hit of the sample takes in the program itself, a hit that counts takes as
  // many times more as in our own process.
  if (priced.hit_known) {
    const double scale = exact.ns / std::max(sampled.ns, 1.0);
    const double error_of_scale = exact.error_ns / std::max(exact.ns, 1.0);
    sample.hit = {
        .ns = sample.hit.ns * scale,
        .error_ns = std::hypot(sample.hit.error_ns, sample.hit.ns * error_of_scale) * scale};
  } else {
    sample.hit = {.ns = exact.ns, .error_ns = exact.error_ns};
  }
  return {.process = {.pid = static_cast<std::uint32_t>(priced.process.pid),
                      .exe = priced.process.exe,
                      .go_version = plan.build_info.version,
                      .design = plan.design.value_or(go::Design::kClassic)},
          .price = model::price_of(sample),
          .seconds = sample.seconds,
          .windows = priced.windows,
          .hit = sample.hit,
          .hit_is_measured = exact.measured,
          .max_overhead = max_overhead,
          .buckets_refusal = plan.buckets_refusal,
          .assign_refusal = plan.assign_refusal};
}

}  // namespace

Result<std::vector<exporter::ProcessPrice>> sample_prices(const PriceOptions& options) {
  TRY_VOID(kernel::check_prerequisites());
  auto workshop = TRY(analyst::Workshop::start());
  BinaryTable binaries;
  auto tracer = TRY(kernel::Tracer::load({.force_perf_uprobes = options.force_perf_uprobes}));
  std::vector<Priced> all;
  for (const auto pid : options.pids) all.push_back(TRY(prepare(pid, workshop, binaries, tracer)));
  auto sampler = TRY(kernel::GrowthSampler::load(
      {.force_perf_uprobes = options.force_perf_uprobes, .all_processes = false}, tracer));
  const auto exact = kernel::measure_growth_hit_cost(options.force_perf_uprobes);
  GrowthWindows windows(std::move(sampler), options.max_overhead);
  if (isatty(STDERR_FILENO) != 0)
    fmt::print(stderr, "gomapd: sampling for {:.3g} s\n",
               std::chrono::duration<double>(options.duration).count());
  for (auto& one : all) {
    const auto& binary = binaries.at(one.binary);
    one.began_ns = monotonic_ns();
    one.cpu_began_ns = one.cpu_last_ns = proc::cpu_time_ns(one.process.pid).value_or(0);
    windows.sample({.binary = one.binary,
                    .fd = binary.file.fd(),
                    .sites = sites_with_echoes(binary.plan, binary.file.fd()),
                    .pid = one.process.pid},
                   {static_cast<std::uint32_t>(one.process.pid)});
  }
  wait(all, options.duration);
  for (auto& one : all) {
    windows.release(one.binary);
    one.cpu_last_ns = proc::cpu_time_ns(one.process.pid).value_or(one.cpu_last_ns);
    one.sample.seconds = static_cast<double>(monotonic_ns() - one.began_ns) / 1e9;
    one.sample.cpu_ns = static_cast<double>(one.cpu_last_ns - one.cpu_began_ns);
  }
  for (const auto& window : windows.take()) {
    const auto found = std::ranges::find(all, window.binary, &Priced::binary);
    if (found != all.end()) add(*found, window);
  }
  const auto failures = windows.take_failures();
  std::vector<exporter::ProcessPrice> prices;
  for (auto& one : all) {
    if (one.windows == 0 && proc::has_exited(one.process.pidfd))
      return fail(Errc::kGone,
                  fmt::format("process {} ended before it could be sampled", one.process.pid));
    if (one.windows == 0 && !failures.empty())
      return fail(Errc::kSystem, fmt::format("process {} could not be sampled: {}", one.process.pid,
                                             failures.front()));
    prices.push_back(
        result(one, binaries.at(one.binary).plan, exact, windows.hit_cost(), options.max_overhead));
  }
  return prices;
}

Result<void> print_prices(const PriceOptions& options, bool json) {
  const auto prices = TRY(sample_prices(options));
  for (const auto& price : prices)
    fmt::print("{}{}", json ? exporter::price_json(price) : exporter::price_text(price),
               json || &price != &prices.back() ? "\n" : "");
  if (std::fflush(stdout) != 0) return fail(Errc::kSystem, "standard output: could not be written");
  return {};
}

}  // namespace gomapd::app
