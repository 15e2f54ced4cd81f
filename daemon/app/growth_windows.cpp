// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/growth_windows.h"

#include <fmt/core.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <utility>

#include "daemon/app/clock.h"
#include "daemon/app/process_clocks.h"
#include "daemon/model/echo_cost.h"
#include "daemon/model/growth_estimate.h"
#include "daemon/proc/cpu_time.h"

namespace gomapd::app {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

// How often an open window is checked for too many hits.
constexpr std::uint64_t kCheckNs = 1'000'000;
// The first hits after probes came in are dearer than the rest, by 100 to 200 µs in all:
// nothing of theirs is cached. A window begins after them.
constexpr std::uint64_t kSettleNs = 300'000;
// By a clock that is as old as the last tick, so much CPU time in windows is told to
// some per cent; windows are put together until then.
constexpr double kEnoughByTick = 200e6;
constexpr std::uint64_t kFirstPauseNs = 100'000'000;
// Programs do not do the same all the time: many short windows tell more than few
// long ones that cost as much. More often than this and putting probes in and out,
// 30 to 60 ms of which most is waiting, would take longer than windows.
constexpr double kPeriodNs = 125e6;
// One that was closed before its time, because its program is let go, stands for no more.
constexpr double kLeastOpenNs = 1e6;
// Where nothing is to be done, somebody may come.
constexpr std::uint64_t kLookNs = 1'000'000'000;

double difference(std::uint64_t later, std::uint64_t earlier) {
  return static_cast<double>(later - std::min(later, earlier));
}

// Where the error is not known, it may be all of it.
double variance_of(const model::GrowthEstimator& estimator) {
  const auto total = estimator.total();
  const auto error = total.error.value_or(total.value);
  return error * error;
}

// As model::GrowthWindow has them.
double hits_of(const gm_sampled& counts) {
  return static_cast<double>(counts.starts) +
         model::kEchoOfStart * static_cast<double>(counts.echoes);
}

struct Process {
  // At the end of its last window.
  std::uint64_t cpu_ns = 0;
  std::uint64_t at_ns = 0;
  // Of windows that are too short to be evaluated: see kEnoughByTick.
  std::uint64_t starts = 0;
  double hits = 0;
  double window_ns = 0;
  double open_ns = 0;
  model::GrowthEstimator estimator;
};

}  // namespace

struct GrowthWindows::Target {
  Target(Subject of, double max_overhead, const kernel::HitCost& cost)
      : subject(std::move(of)),
        budget(max_overhead, cost.ns, kPeriodNs),
        hit_cost({cost.ns, cost.error_ns}) {}

  const Subject subject;
  model::ProbeBudget budget;
  model::EchoCost hit_cost;
  std::atomic<bool> released = false;
  Pids wanted;               // under the owner's mutex_, as is due_ns
  std::uint64_t due_ns = 0;  // when to look at it again

  std::mutex at_work;  // held during a window; guards what follows
  std::map<std::uint32_t, Process> processes;
  std::uint64_t looked_ns = 0;  // when CPU time was read last, and …
  Readings looked;              // … what it was

  void follow(const Pids& pids);
  void earn(const Readings& readings, std::uint64_t now);
  SampledBinary evaluate(kernel::SampledWindow counted, const Readings& before,
                         const Readings& after, const Readings& used, std::uint64_t open_ns,
                         std::uint64_t hits, double least_cpu_ns);
  SampledBinary rest();
};

// New ones have run under nobody's eyes since they began.
void GrowthWindows::Target::follow(const Pids& pids) {
  std::erase_if(processes, [&](const auto& one) { return !pids.contains(one.first); });
  for (const auto pid : pids) {
    const auto [process, is_new] = processes.try_emplace(pid);
    if (is_new) process->second.at_ns = monotonic_ns();
  }
}

void GrowthWindows::Target::earn(const Readings& readings, std::uint64_t now) {
  double used = 0;
  for (const auto& [pid, reading] : readings) {
    const auto before = looked.find(pid);
    used += difference(reading.cpu_ns, before == looked.end() ? 0 : before->second.cpu_ns);
  }
  budget.earn(used, difference(now, looked_ns));
  looked = readings;
  looked_ns = now;
}

SampledBinary GrowthWindows::Target::evaluate(kernel::SampledWindow counted, const Readings& before,
                                              const Readings& after, const Readings& used,
                                              std::uint64_t open_ns, std::uint64_t hits,
                                              double least_cpu_ns) {
  SampledBinary window;
  window.binary = subject.binary;
  window.described = std::move(counted.described);
  std::uint64_t inside = 0;
  for (const auto& [pid, counts] : counted.counts) inside += counts.starts + counts.echoes;
  const auto around = difference(hits, inside);
  // Its clock was read a little before the window and a little after.
  std::map<std::uint32_t, double> window_ns;
  gm_sampled all{};
  for (const auto& [pid, process] : processes) {
    const auto first = before.find(pid);
    const auto last = after.find(pid);
    if (first == before.end() || last == after.end()) continue;
    const auto span = std::max(difference(last->second.at_ns, first->second.at_ns), 1.0);
    const auto cpu = difference(last->second.cpu_ns, first->second.cpu_ns);
    const auto& counts = counted.counts[pid];
    window_ns[pid] = cpu * std::min(static_cast<double>(open_ns) / span, 1.0);
    window.cpu_ns += window_ns[pid];
    all.starts += counts.starts;
    all.echoes += counts.echoes;
    all.echoed += counts.echoed;
    all.echo_ns += counts.echo_ns;
    all.clock_ns += counts.clock_ns;
  }
  hit_cost.add(all.echoed, difference(all.echo_ns, all.clock_ns));
  const auto cost = hit_cost.cost();
  window.starts = all.starts;
  window.hits = hits;
  window.probe_ns = static_cast<double>(hits) * cost.ns;
  window.hit = cost;
  spdlog::debug(
      "sampled: {} growths, {} echoes in {:.0f} us, {} around; a hit takes {:.0f} ± {:.0f} ns",
      all.starts, all.echoes, window.cpu_ns / 1e3, around, cost.ns, cost.error_ns);
  for (auto& [pid, process] : processes) {
    const auto until = used.find(pid);
    if (!window_ns.contains(pid) || until == used.end()) continue;
    const auto& counts = counted.counts[pid];
    const auto hits_inside = static_cast<double>(counts.starts + counts.echoes);
    process.starts += counts.starts;
    process.hits += hits_of(counts);
    process.window_ns += window_ns[pid];
    process.open_ns += static_cast<double>(open_ns);
    if (process.starts != 0 && process.window_ns < least_cpu_ns) continue;
    const auto variance = variance_of(process.estimator);
    const auto [at_ns, cpu_ns] = until->second;
    const auto since_ns = difference(at_ns, std::exchange(process.at_ns, at_ns));
    const auto growths = process.estimator.add(
        {.starts = std::exchange(process.starts, 0),
         .hits = std::exchange(process.hits, 0),
         .cpu_ns = std::exchange(process.window_ns, 0),
         .stands_for_cpu_ns = difference(cpu_ns, std::exchange(process.cpu_ns, cpu_ns)),
         .hits_around = inside == 0 ? 0 : around * hits_inside / static_cast<double>(inside),
         .weight =
             std::max(since_ns / std::max(std::exchange(process.open_ns, 0), kLeastOpenNs), 1.0)},
        cost);
    window.processes.push_back(
        {.pid = pid, .growths = growths, .variance = variance_of(process.estimator) - variance});
  }
  return window;
}

SampledBinary GrowthWindows::Target::rest() {
  SampledBinary window;
  window.binary = subject.binary;
  window.is_rest = true;
  for (auto& [pid, process] : processes) {
    const auto cpu = proc::cpu_time_ns(static_cast<pid_t>(pid));
    if (!cpu) continue;
    const auto variance = variance_of(process.estimator);
    const auto since = difference(*cpu, process.cpu_ns);
    // With what its last windows counted, if they were not evaluated.
    const auto growths = process.starts != 0 && process.window_ns > 0
                             ? process.estimator.add({.starts = process.starts,
                                                      .hits = process.hits,
                                                      .cpu_ns = process.window_ns,
                                                      .stands_for_cpu_ns = since},
                                                     hit_cost.cost())
                             : process.estimator.add_rest(since);
    window.processes.push_back(
        {.pid = pid, .growths = growths, .variance = variance_of(process.estimator) - variance});
  }
  return window;
}

GrowthWindows::GrowthWindows(kernel::GrowthSampler sampler, double max_overhead)
    : sampler_(std::move(sampler)),
      hit_cost_(sampler_.measure_hit_cost()),
      max_overhead_(max_overhead),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

GrowthWindows::~GrowthWindows() = default;  // asks the thread to stop, and joins it

void GrowthWindows::sample(Subject subject, const std::vector<std::uint32_t>& processes) {
  const auto binary = subject.binary;
  auto target = std::make_shared<Target>(std::move(subject), max_overhead_, hit_cost_);
  target->wanted = {processes.begin(), processes.end()};
  target->follow(target->wanted);
  target->looked_ns = monotonic_ns();
  target->looked = read_cpu(target->wanted);
  for (auto& [pid, process] : target->processes)
    if (const auto read = target->looked.find(pid); read != target->looked.end()) {
      process.cpu_ns = read->second.cpu_ns;
      process.at_ns = read->second.at_ns;
    }
  target->due_ns = target->looked_ns + kFirstPauseNs;
  const std::scoped_lock lock(mutex_);
  targets_[binary] = std::move(target);
  wake_.notify_all();
}

void GrowthWindows::set_processes(std::uint32_t binary,
                                  const std::vector<std::uint32_t>& processes) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = targets_.find(binary); found != targets_.end())
    found->second->wanted = {processes.begin(), processes.end()};
}

void GrowthWindows::release(std::uint32_t binary) {
  std::shared_ptr<Target> target;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = targets_.extract(binary);
    if (!found) return;
    target = found.mapped();
  }
  target->released = true;
  const std::scoped_lock busy(target->at_work);
  keep(target->rest());
}

std::vector<SampledBinary> GrowthWindows::take() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(windows_, {});
}

std::vector<std::string> GrowthWindows::take_failures() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(failures_, {});
}

void GrowthWindows::keep(SampledBinary window) {
  const std::scoped_lock lock(mutex_);
  windows_.push_back(std::move(window));
}

// The one that is due first; null when the time has not come for any.
std::shared_ptr<GrowthWindows::Target> GrowthWindows::next_due() {
  std::shared_ptr<Target> next;
  for (const auto& [binary, target] : targets_)
    if (!next || target->due_ns < next->due_ns) next = target;
  return next && next->due_ns <= monotonic_ns() ? next : nullptr;
}

void GrowthWindows::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::shared_ptr<Target> target;
    {
      std::unique_lock lock(mutex_);
      target = next_due();
      if (!target) {
        auto until = monotonic_ns() + kLookNs;
        for (const auto& [binary, one] : targets_) until = std::min(until, one->due_ns);
        const Clock::time_point at{nanoseconds(static_cast<std::int64_t>(until))};
        wake_.wait_until(lock, stop, at, [&] { return next_due() != nullptr; });
        continue;
      }
    }
    step(*target, stop);
  }
}

void GrowthWindows::step(Target& target, const std::stop_token& stop) {
  const std::scoped_lock busy(target.at_work);
  if (target.released) return;
  Pids wanted;
  {
    const std::scoped_lock lock(mutex_);
    wanted = target.wanted;
  }
  target.follow(wanted);
  target.earn(read_cpu(wanted), monotonic_ns());
  const auto plan = target.budget.plan();
  // At random, or a program with a rhythm of its own would always be seen in the
  // same phase.
  const double longer = std::uniform_real_distribution(1.0, 1.5)(jitter_);
  auto due_ns = monotonic_ns() + static_cast<std::uint64_t>(plan.pause_ns * longer);
  if (plan.pause_ns == 0) {
    const auto opened = open_window(target, plan, stop);
    due_ns = monotonic_ns();
    if (!opened) {
      sampler_.detach();
      (void)sampler_.take();
      due_ns += kLookNs;
      const std::scoped_lock lock(mutex_);
      failures_.push_back(opened.error().context);
    }
  }
  const std::scoped_lock lock(mutex_);
  target.due_ns = due_ns;
}

Result<void> GrowthWindows::count(const Target& target, const model::ProbeBudget::Plan& plan,
                                  const std::stop_token& stop, std::uint64_t hits_before) {
  const auto end = monotonic_ns() + static_cast<std::uint64_t>(plan.window_ns);
  for (auto now = monotonic_ns(); now < end && !stop.stop_requested() && !target.released;
       now = monotonic_ns()) {
    std::this_thread::sleep_for(nanoseconds(std::min(end - now, kCheckNs)));
    if (TRY(sampler_.hits()) - hits_before >= plan.max_hits) break;
  }
  return {};
}

Result<void> GrowthWindows::open_window(Target& target, const model::ProbeBudget::Plan& plan,
                                        const std::stop_token& stop) {
  const auto& subject = target.subject;
  Pids pids;
  for (const auto& [pid, process] : target.processes) pids.insert(pid);
  auto clocks = open_clocks(pids);
  const bool by_tick = clocks.size() != pids.size();
  const auto now = [&] { return by_tick ? read_cpu(pids) : read(clocks); };
  const auto hits_before = TRY(sampler_.hits());
  const auto which = target.hit_cost.wants_echoes() ? kernel::SampledSites::kStartsAndEchoes
                                                    : kernel::SampledSites::kStarts;
  TRY_VOID(sampler_.attach(subject.sites, which, subject.binary, subject.fd, subject.pid));
  std::this_thread::sleep_for(nanoseconds(kSettleNs));
  const auto before = now();
  const auto hits_in = TRY(sampler_.hits());
  const auto begin = monotonic_ns();
  sampler_.start();
  const auto counted = count(target, plan, stop, hits_before);
  sampler_.stop();
  const auto end = monotonic_ns();
  const auto hits_out = sampler_.hits();
  const auto after = now();
  clocks.clear();  // each costs the program something whenever it is scheduled
  sampler_.detach();
  const auto used = read_cpu(pids);
  TRY_VOID(counted);
  const auto hits = TRY(sampler_.hits()) - hits_before;
  const auto open = std::min(hits, TRY(hits_out) - hits_in);
  target.budget.spend(open, static_cast<double>(end - begin), hits - open);
  keep(target.evaluate(TRY(sampler_.take()), before, after, used, end - begin, hits,
                       by_tick ? kEnoughByTick : 0));
  target.budget.set_hit_cost(target.hit_cost.cost().ns);
  return {};
}

}  // namespace gomapd::app
