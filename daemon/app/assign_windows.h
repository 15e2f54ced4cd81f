// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "daemon/kernel/assign_probes.h"
#include "daemon/model/probe_budget.h"

namespace gomapd::app {

// What one window of one process brought.
struct RawAssignWindow {
  pid_t pid = 0;
  std::uint64_t monotonic_ns = 0;  // when it was read
  std::uint64_t window_ns = 0;
  std::uint64_t stands_for_ns = 0;
  bool cut = false;                 // the process exited meanwhile
  std::vector<pid_t> busy_threads;  // that did not sleep in it
  kernel::AssignCounts counts;
};

// Opens and closes the windows in which assignments are probed, in a thread of
// its own: taking probes out waits for the kernel for some tens of milliseconds,
// during which the ring of the growths must be drained. All calls come from the
// owner's thread.
class AssignWindows {
 public:
  // `max_overhead`: share of each process's own CPU time.
  AssignWindows(kernel::AssignProbes probes, kernel::HitCost hit_cost, double max_overhead);
  AssignWindows(const AssignWindows&) = delete;
  AssignWindows& operator=(const AssignWindows&) = delete;
  ~AssignWindows();  // stops

  // A process to sample. `fd` is its executable, `pidfd` stands for it; both must
  // outlive this. Before start().
  [[nodiscard]] Result<void> add(pid_t pid, std::uint32_t binary, int fd, int pidfd,
                                 std::span<const ProbeSite> sites);

  void start();
  // Ends the window that is open, takes its probes out and waits for that.
  // Windows that were not taken yet can be taken afterwards.
  void stop();

  // What has come since the last call, in the order of monotonic_ns.
  [[nodiscard]] std::vector<RawAssignWindow> take();

  struct Spending {
    double probe_ns = 0;  // hits times their cost
    double cpu_ns = 0;    // of all processes, since start()
    std::string failure;  // why there are no more windows, if that is so
  };
  [[nodiscard]] Spending spending();

  [[nodiscard]] kernel::HitCost hit_cost() const { return hit_cost_; }
  // Only reads: any time.
  [[nodiscard]] Result<kernel::Stats> stats() const { return probes_.stats(); }

 private:
  struct Target;

  void run(const std::stop_token& stop);
  void earn(Target& target, std::uint64_t now);
  [[nodiscard]] Result<void> step(Target& target, const std::stop_token& stop);
  [[nodiscard]] Result<void> open_window(Target& target, const model::ProbeBudget::Plan& plan,
                                         const std::stop_token& stop);
  [[nodiscard]] Result<void> count(const model::ProbeBudget::Plan& plan,
                                   const std::stop_token& stop, std::uint64_t hits_before);
  bool sleep_until(std::uint64_t monotonic_ns, const std::stop_token& stop);

  kernel::AssignProbes probes_;  // the thread's, while it runs
  const kernel::HitCost hit_cost_;
  const double max_overhead_;
  std::vector<std::unique_ptr<Target>> targets_;
  std::minstd_rand jitter_{std::random_device{}()};

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<RawAssignWindow> windows_;  // under mutex_, as what follows
  Spending spending_;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace gomapd::app
