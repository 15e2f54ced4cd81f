// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "bpf/interface.h"
#include "daemon/kernel/hit_cost.h"
#include "daemon/kernel/stats.h"
#include "probes/plan/plan.h"

namespace gomapd::kernel {

struct AssignRow {
  gm_assign_key key;
  gm_assign value;
};
struct AssignThread {
  std::uint32_t tid;
  gm_assign_thread pace;
};
// What one window counted.
struct AssignCounts {
  std::vector<AssignRow> rows;
  std::vector<AssignThread> threads;
};

struct AssignProbesOptions {
  bool force_perf_uprobes = false;
  std::uint32_t row_entries = 16384;
};

// The programs that count map assignments: out of every process but while a
// window is open. Loaded apart from the growths' programs, so that both can be
// used by different threads. Single-threaded itself; move-only; when it dies,
// its probes are gone.
class AssignProbes {
 public:
  [[nodiscard]] static Result<AssignProbes> load(const AssignProbesOptions& options);

  AssignProbes(AssignProbes&&) noexcept;
  AssignProbes& operator=(AssignProbes&&) noexcept;
  AssignProbes(const AssignProbes&) = delete;
  AssignProbes& operator=(const AssignProbes&) = delete;
  ~AssignProbes();

  // The sites of one binary, known from now on by the returned number.
  // `binary` comes back in every row.
  [[nodiscard]] Result<std::size_t> add_sites(std::span<const ProbeSite> sites,
                                              std::uint32_t binary);

  // Puts the probes of `sites` into process `pid`, which runs the file open as
  // `fd`; only its hits are counted. All or none.
  [[nodiscard]] Result<void> attach(std::size_t sites, int fd, pid_t pid);
  // Hits are counted from start() to stop().
  void start();
  void stop();
  // Takes every probe out, and waits for those that are just being hit.
  void detach();

  // What was counted, which is then forgotten.
  [[nodiscard]] Result<AssignCounts> take();
  // All hits so far, those outside windows and of other processes too.
  [[nodiscard]] Result<std::uint64_t> hits() const;
  [[nodiscard]] Result<Stats> stats() const;

  // What a hit costs here: some milliseconds of hits in our own process, counted
  // as a target's are; they are not in stats() afterwards. An assumption where it
  // can't be measured. Call before the first window.
  [[nodiscard]] HitCost measure_hit_cost(Execution execution = Execution::kEmulated);

 private:
  struct State;
  explicit AssignProbes(std::unique_ptr<State> state);
  [[nodiscard]] Result<HitCost> try_measuring(Execution execution);
  std::unique_ptr<State> state_;
};

}  // namespace gomapd::kernel
