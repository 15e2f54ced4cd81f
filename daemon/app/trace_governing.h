// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "daemon/app/governing.h"
#include "daemon/app/targets.h"
#include "daemon/kernel/tracer.h"
#include "daemon/model/estimates.h"

namespace gomapd::app {

// Keeps what one trace costs its processes within a budget, as Governing does it for a
// host: each process by itself. Single-threaded.
class TraceGoverning {
 public:
  struct Options {
    double max_overhead = 0.01;
    bool with_buckets = false;
    bool force_perf_uprobes = false;
  };
  // Borrows tracer, binaries and resolver.
  [[nodiscard]] static Result<std::unique_ptr<TraceGoverning>> create(const Options& options,
                                                                      kernel::Tracer* tracer,
                                                                      const BinaryTable* binaries,
                                                                      TraceResolver* resolver);

  // Process `pid`, whose probes in `binary` are its own.
  void add(std::uint32_t pid, std::uint32_t binary, const std::string& name);
  // From now on; to be called some times a second, with the counters as they are.
  void start();
  void advance(std::span<const model::CounterRow> rows);
  // No more windows. What came of them is in the next fill().
  void stop(std::span<const model::CounterRow> rows);

  // Whether any growths were sampled at all.
  [[nodiscard]] bool has_sampled() const { return has_sampled_; }
  // Hits in windows, as far as evaluated.
  [[nodiscard]] std::uint64_t sampled_hits() const { return governing_->sampled_hits(); }
  void fill(model::Summary& summary) const { estimates_.fill(summary); }

 private:
  struct Before {
    std::uint64_t hits = 0;
    std::uint64_t bucket_hits = 0;
    std::uint64_t cpu_ns = 0;
  };

  TraceGoverning(std::unique_ptr<Governing> governing, kernel::HitCost hit_cost,
                 TraceResolver* resolver)
      : governing_(std::move(governing)), hit_cost_(hit_cost), resolver_(resolver) {}

  [[nodiscard]] ProbeUses measure(std::span<const model::CounterRow> rows);

  std::unique_ptr<Governing> governing_;
  kernel::HitCost hit_cost_;
  TraceResolver* resolver_;
  std::vector<Governed> processes_;
  std::map<std::uint32_t, Before> before_;
  std::uint64_t looked_ns_ = 0;
  model::TraceEstimates estimates_;
  bool has_sampled_ = false;
};

}  // namespace gomapd::app
