// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "daemon/kernel/growth_sampler.h"
#include "daemon/model/assign.h"
#include "daemon/model/probe_budget.h"

namespace gomapd::app {

// What a window of a binary brought.
struct SampledProcess {
  std::uint32_t pid = 0;
  double growths = 0;   // that the window stands for
  double variance = 0;  // by which that changes the variance of what all stand for
};
struct SampledBinary {
  std::uint32_t binary = 0;
  bool is_rest = false;  // no window: what its processes did since the last one
  std::uint64_t starts = 0;
  std::uint64_t hits = 0;  // in it, and around it; starts and their echoes
  double cpu_ns = 0;       // that its processes used in it
  double probe_ns = 0;     // that all its hits took
  model::ProbeCost hit;    // what one takes, as far as is known by now
  std::vector<SampledProcess> processes;
  std::vector<kernel::SampleRow> described;
};

// Opens and closes the windows in which growths of programs are sampled that would
// cost too much if all were counted, in a thread of its own: taking probes out waits
// for the kernel for some tens of milliseconds. All calls come from one other thread.
class GrowthWindows {
 public:
  // `max_overhead`: share of the CPU time of a binary's processes.
  GrowthWindows(kernel::GrowthSampler sampler, double max_overhead);
  GrowthWindows(const GrowthWindows&) = delete;
  GrowthWindows& operator=(const GrowthWindows&) = delete;
  ~GrowthWindows();

  struct Subject {
    std::uint32_t binary = 0;
    int fd = -1;  // the file; open until release()
    std::vector<ProbeSite> sites;
    pid_t pid = kernel::kAllProcesses;  // or only this one
  };
  // From now on `subject` is sampled, which `processes` run. Nothing happens in the
  // next tenth of a second: time to take other probes out.
  void sample(Subject subject, const std::vector<std::uint32_t>& processes);
  // Who runs it now. Those that are new have been sampled from their beginning.
  void set_processes(std::uint32_t binary, const std::vector<std::uint32_t>& processes);
  // Ends its window, if one is open, and waits for that. What its processes did since
  // their last one is in the next take().
  void release(std::uint32_t binary);

  // What has come since the last call.
  [[nodiscard]] std::vector<SampledBinary> take();
  // A line for each that could not be sampled; told once.
  [[nodiscard]] std::vector<std::string> take_failures();

  [[nodiscard]] kernel::HitCost hit_cost() const { return hit_cost_; }

 private:
  struct Target;

  void run(const std::stop_token& stop);
  [[nodiscard]] std::shared_ptr<Target> next_due();
  void step(Target& target, const std::stop_token& stop);
  [[nodiscard]] Result<void> open_window(Target& target, const model::ProbeBudget::Plan& plan,
                                         const std::stop_token& stop);
  [[nodiscard]] Result<void> count(const Target& target, const model::ProbeBudget::Plan& plan,
                                   const std::stop_token& stop, std::uint64_t hits_before);
  void keep(SampledBinary window);

  kernel::GrowthSampler sampler_;  // the thread's, while it runs
  const kernel::HitCost hit_cost_;
  const double max_overhead_;
  std::minstd_rand jitter_{std::random_device{}()};  // the thread's

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::map<std::uint32_t, std::shared_ptr<Target>> targets_;  // under mutex_, as what follows
  std::vector<SampledBinary> windows_;
  std::vector<std::string> failures_;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace gomapd::app
