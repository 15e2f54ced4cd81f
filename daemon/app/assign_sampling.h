// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "daemon/app/assign_windows.h"
#include "daemon/app/targets.h"
#include "daemon/export/assign.h"
#include "daemon/model/assign.h"

namespace gomapd::app {

struct AssignSamplingOptions {
  double max_overhead = 0.01;  // share of each process's CPU time
  bool force_perf_uprobes = false;
};

// The `assign` level of one trace: its windows, made sense of. Borrows what it is
// created with; all calls from one thread.
class AssignSampling final : private model::AssignResolver {
 public:
  // Loads the programs and measures what a hit costs.
  [[nodiscard]] static Result<std::unique_ptr<AssignSampling>> create(
      const AssignSamplingOptions& options, const BinaryTable* binaries, TraceResolver* resolver,
      const kernel::Tracer* tracer);

  // A process to sample; kUnsupported when its binary's assignments can't be
  // probed. `pidfd` must outlive this. Before start().
  [[nodiscard]] Result<void> add(const model::Process& process, std::uint32_t binary,
                                 const proc::Fd& pidfd);
  void start() { windows_->start(); }
  void stop() { windows_->stop(); }

  // Takes in what windows have brought since.
  void collect();
  // Hands out windows that were read before `horizon_ns` (CLOCK_MONOTONIC), in
  // order; each once.
  void take_before(std::uint64_t horizon_ns,
                   const std::function<void(const model::AssignWindow&)>& visit);
  // Which maps are known to have been alive, above all.
  [[nodiscard]] const model::AssignEstimator& estimator() const { return estimator_; }
  // Of all windows that were collected.
  [[nodiscard]] Result<exporter::AssignReport> report() const;

 private:
  AssignSampling(const AssignSamplingOptions& options, const BinaryTable* binaries,
                 TraceResolver* resolver, const kernel::Tracer* tracer)
      : options_(options), binaries_(binaries), resolver_(resolver), tracer_(tracer) {}

  const model::TypeInfo& type(std::uint32_t binary, std::uint32_t pid,
                              std::uint64_t address) override;
  const symbol::Frame& caller(std::uint32_t binary, std::uint64_t pc) override;
  [[nodiscard]] model::AssignWindow decode(const RawAssignWindow& raw);

  const AssignSamplingOptions options_;
  const BinaryTable* binaries_;
  TraceResolver* resolver_;
  const kernel::Tracer* tracer_;
  std::map<pid_t, go::Design> designs_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, symbol::Frame> callers_;
  std::deque<model::AssignWindow> pending_;
  model::AssignEstimator estimator_;
  std::unique_ptr<AssignWindows> windows_;
};

}  // namespace gomapd::app
