// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/app/growth_windows.h"
#include "daemon/app/host_binaries.h"
#include "daemon/app/targets.h"
#include "daemon/kernel/hit_cost.h"
#include "daemon/kernel/tracer.h"
#include "daemon/model/governor.h"
#include "daemon/model/ledger.h"

namespace gomapd::app {

// What probes that count took of a process since the last stock.
struct ProbeUse {
  double probe_ns = 0;
  double cpu_ns = 0;       // that it used, time in probes included
  double bucket_hits = 0;  // that --detail buckets takes, or would have taken
};
using ProbeUses = std::unordered_map<std::uint32_t, ProbeUse>;  // by process

// Keeps what probes cost the programs of a host within a budget, executable by
// executable: probes that count are in or out of a file for all that run it. One that
// costs too much is traced in less detail, at last by samples, until it is quiet again.
// Single-threaded, but for the windows.
class Governing {
 public:
  struct Costs {
    kernel::HitCost exact;  // of a hit that counts
  };
  // Borrows all but the windows. `windows` null: nothing can be sampled, so growths
  // are counted whatever that costs.
  Governing(const model::GovernorRules& rules, model::ProbeLevel wanted, const Costs& costs,
            kernel::Tracer* tracer, HostBinaries* binaries, BinaryTable* table,
            std::unique_ptr<GrowthWindows> windows);

  // Puts what windows have brought into `ledger`, and adds what they cost to `uses`.
  void collect(model::Ledger& ledger, TraceResolver& resolver, ProbeUses& uses);
  // Judges all executables by `uses` of the last `seconds`, and changes their probes.
  void advance(const ProbeUses& uses, double seconds, model::Ledger& ledger);

  // What is probed of a binary that costs little.
  [[nodiscard]] model::ProbeLevel wanted() const { return wanted_; }
  // What is probed of a binary now.
  [[nodiscard]] model::ProbeLevel level(std::uint32_t binary) const;
  // Before a binary is let go.
  void forget(std::uint32_t binary);

 private:
  struct Entry {
    model::Governor governor;
    double sampled_growths = 0;  // since the last stock
  };

  [[nodiscard]] Entry& entry_of(std::uint32_t binary);
  void change(const HostBinaries::Entry& of, model::ProbeLevel from, model::ProbeLevel to,
              model::Ledger& ledger);
  void sample(const HostBinaries::Entry& of);

  model::GovernorRules rules_;
  model::ProbeLevel wanted_;
  Costs costs_;
  kernel::Tracer* tracer_;
  HostBinaries* binaries_;
  BinaryTable* table_;
  std::unique_ptr<GrowthWindows> windows_;
  std::map<std::uint32_t, Entry> entries_;
};

}  // namespace gomapd::app
