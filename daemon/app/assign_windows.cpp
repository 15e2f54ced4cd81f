// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/assign_windows.h"

#include <fmt/core.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/proc/cpu_time.h"
#include "daemon/proc/threads.h"

namespace gomapd::app {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

// How often an open window is checked for too many hits.
constexpr std::uint64_t kCheckNs = 1'000'000;

// steady_clock is CLOCK_MONOTONIC, which the probes' records carry.
std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
}

bool has_exited(int pidfd) {
  pollfd poll_fd{.fd = pidfd, .events = POLLIN, .revents = 0};
  return poll(&poll_fd, 1, 0) != 0;
}

// Those of `running` that have not slept since they were looked at.
std::vector<pid_t> still_awake(pid_t pid, std::span<const proc::RunningThread> running) {
  std::vector<pid_t> awake;
  for (const auto& [tid, voluntary_switches] : running) {
    const auto rest = proc::thread_rest(pid, tid);
    if (rest && rest->voluntary_switches == voluntary_switches) awake.push_back(tid);
  }
  return awake;
}

}  // namespace

struct AssignWindows::Target {
  pid_t pid;
  int fd;
  int pidfd;
  std::size_t sites;
  model::ProbeBudget budget;
  std::uint64_t due_ns = 0;       // when to look at it again
  std::uint64_t looked_ns = 0;    // when its CPU time was read last, and …
  std::uint64_t cpu_ns = 0;       // … what it was
  std::uint64_t last_end_ns = 0;  // of its last window
  bool gone = false;
};

AssignWindows::AssignWindows(kernel::AssignProbes probes, kernel::HitCost hit_cost,
                             double max_overhead)
    : probes_(std::move(probes)), hit_cost_(hit_cost), max_overhead_(max_overhead) {}

AssignWindows::~AssignWindows() {
  stop();
}

Result<void> AssignWindows::add(pid_t pid, std::uint32_t binary, int fd, int pidfd,
                                std::span<const ProbeSite> sites) {
  const auto number = TRY(probes_.add_sites(sites, binary));
  targets_.push_back(
      std::make_unique<Target>(Target{.pid = pid,
                                      .fd = fd,
                                      .pidfd = pidfd,
                                      .sites = number,
                                      .budget = model::ProbeBudget(max_overhead_, hit_cost_.ns)}));
  return {};
}

void AssignWindows::start() {
  const auto now = now_ns();
  for (auto& target : targets_) {
    target->due_ns = target->looked_ns = target->last_end_ns = now;
    target->cpu_ns = proc::cpu_time_ns(target->pid).value_or(0);
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void AssignWindows::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

std::vector<RawAssignWindow> AssignWindows::take() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(windows_, {});
}

AssignWindows::Spending AssignWindows::spending() {
  const std::scoped_lock lock(mutex_);
  return spending_;
}

void AssignWindows::run(const std::stop_token& stop) {
  while (true) {
    Target* next = nullptr;
    for (const auto& target : targets_)
      if (!target->gone && (next == nullptr || target->due_ns < next->due_ns)) next = target.get();
    if (next == nullptr || !sleep_until(next->due_ns, stop)) break;
    const auto stepped = step(*next, stop);
    if (stepped) continue;
    // What is wrong with one process is no reason to leave the others.
    probes_.detach();
    (void)probes_.take();
    next->gone = true;
    const std::scoped_lock lock(mutex_);
    spending_.failure = fmt::format("process {}: {}", next->pid, stepped.error().context);
  }
  // What they have used since, for the record.
  for (const auto& target : targets_)
    if (!target->gone) earn(*target, now_ns());
}

bool AssignWindows::sleep_until(std::uint64_t monotonic_ns, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const Clock::time_point until{nanoseconds(static_cast<std::int64_t>(monotonic_ns))};
  wake_.wait_until(lock, stop, until, [] { return false; });
  return !stop.stop_requested();
}

void AssignWindows::earn(Target& target, std::uint64_t now) {
  const auto cpu = proc::cpu_time_ns(target.pid);
  if (!cpu) return;
  const auto used = static_cast<double>(*cpu - std::min(*cpu, target.cpu_ns));
  target.budget.earn(used, static_cast<double>(now - target.looked_ns));
  target.looked_ns = now;
  target.cpu_ns = *cpu;
  const std::scoped_lock lock(mutex_);
  spending_.cpu_ns += used;
}

Result<void> AssignWindows::step(Target& target, const std::stop_token& stop) {
  const auto now = now_ns();
  earn(target, now);
  target.gone = has_exited(target.pidfd);
  if (target.gone) return {};
  const auto plan = target.budget.plan();
  if (plan.pause_ns == 0) return open_window(target, plan, stop);
  // At random, or a program with a rhythm of its own would always be seen in the
  // same phase.
  const double longer = std::uniform_real_distribution(1.0, 1.5)(jitter_);
  target.due_ns = now + static_cast<std::uint64_t>(plan.pause_ns * longer);
  return {};
}

Result<void> AssignWindows::count(const model::ProbeBudget::Plan& plan, const std::stop_token& stop,
                                  std::uint64_t hits_before) {
  const auto end = now_ns() + static_cast<std::uint64_t>(plan.window_ns);
  for (auto now = now_ns(); now < end && !stop.stop_requested(); now = now_ns()) {
    std::this_thread::sleep_for(nanoseconds(std::min(end - now, kCheckNs)));
    if (TRY(probes_.hits()) - hits_before >= plan.max_hits) break;
  }
  return {};
}

Result<void> AssignWindows::open_window(Target& target, const model::ProbeBudget::Plan& plan,
                                        const std::stop_token& stop) {
  const auto hits_before = TRY(probes_.hits());
  if (auto attached = probes_.attach(target.sites, target.fd, target.pid); !attached) {
    target.gone = has_exited(target.pidfd);
    return target.gone ? Result<void>() : attached;
  }
  // If it still has its PID, nobody else can have been given probes.
  target.gone = has_exited(target.pidfd);
  if (target.gone) {
    probes_.detach();
    return {};
  }
  const auto running = proc::running_threads(target.pid);
  const auto begin = now_ns();
  const auto hits_in = TRY(probes_.hits());
  probes_.start();
  const auto counted = count(plan, stop, hits_before);
  probes_.stop();
  const auto end = now_ns();
  auto busy = still_awake(target.pid, running);
  const auto hits_open = probes_.hits();
  probes_.detach();
  TRY_VOID(counted);
  const auto hits = TRY(probes_.hits()) - hits_before;
  const auto open = std::min(hits, TRY(hits_open) - hits_in);
  const auto spent_before = target.budget.spent_ns();
  target.budget.spend(open, static_cast<double>(end - begin), hits - open);

  RawAssignWindow window{.pid = target.pid,
                         .window_ns = end - begin,
                         .stands_for_ns = end - target.last_end_ns,
                         .cut = has_exited(target.pidfd),
                         .busy_threads = std::move(busy),
                         .counts = TRY(probes_.take())};
  target.last_end_ns = end;
  target.due_ns = now_ns();
  const std::scoped_lock lock(mutex_);
  spending_.probe_ns += target.budget.spent_ns() - spent_before;
  // Under the lock, so that what is taken later is also later.
  window.monotonic_ns = now_ns();
  windows_.push_back(std::move(window));
  return {};
}

}  // namespace gomapd::app
