// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/app/growth_windows.h"
#include "daemon/app/targets.h"
#include "daemon/kernel/hit_cost.h"
#include "daemon/kernel/tracer.h"
#include "daemon/model/estimates.h"
#include "daemon/model/governor.h"

namespace gomapd::app {

// What probes that count took of a process since the last stock.
struct ProbeUse {
  double probe_ns = 0;
  double cpu_ns = 0;       // that it used, time in probes included
  double bucket_hits = 0;  // that --detail buckets takes, or would have taken
};
using ProbeUses = std::unordered_map<std::uint32_t, ProbeUse>;  // by process

// Hits that a counter stands for, and those that --detail buckets takes, or would have
// taken: classic maps move each old bucket once.
[[nodiscard]] std::uint64_t hits_of(const gm_counter& counter);
[[nodiscard]] std::uint64_t bucket_hits_of(const gm_counter_key& key, const gm_counter& counter);

// Of what a program may be asked for: what it owes when sampling begins is paid by the
// rest.
inline constexpr double kShareOfWindows = 0.6;

// An executable that is probed.
struct Governed {
  std::uint32_t number = 0;  // in records and counters
  std::string name;
  std::set<std::uint32_t> processes;  // that run it
  pid_t pid = kernel::kAllProcesses;  // whose probes they are
};

// Keeps what probes cost programs within a budget, executable by executable: probes
// that count are in or out of a file for all that run it. One that costs too much is
// traced in less detail, at last by samples, until it is quiet again. Single-threaded,
// but for the windows.
class Governing {
 public:
  struct Costs {
    kernel::HitCost exact;  // of a hit that counts
  };
  // Borrows all but the windows. `windows` null: nothing can be sampled, so growths
  // are counted whatever that costs.
  Governing(const model::GovernorRules& rules, model::ProbeLevel wanted, const Costs& costs,
            kernel::Tracer* tracer, const BinaryTable* table,
            std::unique_ptr<GrowthWindows> windows);

  // Puts what windows have brought into `sink`, and adds what they cost to `uses`.
  void collect(model::EstimateSink& sink, TraceResolver& resolver, ProbeUses& uses);
  // Judges these executables by `uses` of the last `seconds`, and changes their probes.
  void advance(std::span<const Governed> all, const ProbeUses& uses, double seconds,
               model::EstimateSink& sink);

  // Hits of probes that were in for windows, as far as collected.
  [[nodiscard]] std::uint64_t sampled_hits() const { return sampled_hits_; }
  // What is probed of a binary that costs little.
  [[nodiscard]] model::ProbeLevel wanted() const { return wanted_; }
  // Whether that is so of every binary.
  [[nodiscard]] bool counts_all() const;
  // What is probed of a binary now.
  [[nodiscard]] model::ProbeLevel level(std::uint32_t binary) const;
  // The end of its windows, if it is sampled: what they brought can be collected.
  void end_windows(std::uint32_t binary);
  // Before a binary is let go.
  void forget(std::uint32_t binary);

 private:
  struct Entry {
    model::Governor governor;
    double sampled_growths = 0;  // since the last stock
  };

  [[nodiscard]] Entry& entry_of(std::uint32_t binary);
  void change(const Governed& of, model::ProbeLevel from, model::ProbeLevel to,
              model::EstimateSink& sink);
  void sample(const Governed& of);

  model::GovernorRules rules_;
  model::ProbeLevel wanted_;
  Costs costs_;
  kernel::Tracer* tracer_;
  const BinaryTable* table_;
  std::unique_ptr<GrowthWindows> windows_;
  std::map<std::uint32_t, Entry> entries_;
  std::uint64_t sampled_hits_ = 0;
};

}  // namespace gomapd::app
