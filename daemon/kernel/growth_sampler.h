// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "bpf/interface.h"
#include "daemon/kernel/hit_cost.h"
#include "daemon/kernel/stats.h"
#include "daemon/kernel/tracer.h"
#include "probes/plan/plan.h"

namespace gomapd::kernel {

struct SampleRow {
  gm_counter_key key;
  gm_sample value;
};
// What one window counted.
struct SampledWindow {
  std::map<std::uint32_t, gm_sampled> counts;  // by process
  std::vector<SampleRow> described;            // one in GM_SAMPLE_DESCRIBED of the starts
};

// How often a growth is hit in a window.
enum class SampledSites : std::uint8_t {
  kStarts,           // once
  kStartsAndEchoes,  // twice, which tells what a hit costs
};

struct GrowthSamplerOptions {
  bool force_perf_uprobes = false;
  bool all_processes = false;  // as TracerOptions has it
};

// The programs that count starts of growths in windows, where the exact ones would
// cost too much. At most one binary has its probes in at a time. Single-threaded,
// but another thread than the tracer's may have it; move-only; when it dies, its
// probes are gone.
class GrowthSampler {
 public:
  // Shares targets and stacks with `tracer`: whose hits count, and what ids mean.
  [[nodiscard]] static Result<GrowthSampler> load(const GrowthSamplerOptions& options,
                                                  const Tracer& tracer);

  GrowthSampler(GrowthSampler&&) noexcept;
  GrowthSampler& operator=(GrowthSampler&&) noexcept;
  GrowthSampler(const GrowthSampler&) = delete;
  GrowthSampler& operator=(const GrowthSampler&) = delete;
  ~GrowthSampler();

  // Puts probes at those of `sites` where growths start (and at echoes), of the file open
  // as `fd`, into process `pid`, or with kAllProcesses into all that run it. All or
  // none.
  [[nodiscard]] Result<void> attach(std::span<const ProbeSite> sites, SampledSites which,
                                    std::uint32_t binary, int fd, pid_t pid);
  // Hits are counted from start() to stop().
  void start();
  void stop();
  // Takes every probe out, and waits for those that are just being hit.
  void detach();

  // What was counted, which is then forgotten.
  [[nodiscard]] Result<SampledWindow> take();
  // All hits so far, those that did not count too.
  [[nodiscard]] Result<std::uint64_t> hits() const;
  [[nodiscard]] Result<Stats> stats() const;

  // What a hit will cost a target: by some milliseconds of hits in our own process,
  // which are in no window. An assumption where it can't be measured. Call before the
  // first window.
  [[nodiscard]] HitCost measure_hit_cost();

 private:
  struct State;
  explicit GrowthSampler(std::unique_ptr<State> state);
  [[nodiscard]] Result<HitCost> try_measuring();
  std::unique_ptr<State> state_;
};

}  // namespace gomapd::kernel
