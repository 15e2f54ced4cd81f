// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "daemon/app/trace.h"
#include "daemon/app/trace_sink.h"
#include "daemon/model/sizes_seen.h"

namespace gomapd::app {

struct AdviceOptions {
  double percentile = 90;  // 0 < percentile <= 100
  bool json = false;
  std::string path;  // empty: standard output
};

// Learns from a trace which hints to write, and writes the advice at its end.
class AdviceSink final : public TraceSink {
 public:
  explicit AdviceSink(AdviceOptions options) : options_(std::move(options)) {}

  void process(ProcessChange change, const model::Process& process,
               std::uint64_t monotonic_ns) override;
  void growth(const model::GrowthEvent& event) override;
  [[nodiscard]] Result<void> finish(const exporter::TraceReport& report) override;

 private:
  AdviceOptions options_;
  model::SizesSeen seen_;
  std::optional<std::uint64_t> began_ns_;
};

// The command `advise` of live processes.
[[nodiscard]] Result<void> advise(TraceOptions options, const AdviceOptions& advice);

// The same of a recording.
[[nodiscard]] Result<void> advise_on_recording(const std::string& recording,
                                               const AdviceOptions& advice);

// The planner: `advise --qps …`.
struct PlannerOptions {
  double requests_per_second = 0;
  std::chrono::nanoseconds lifetime{};
  double alpha = 1;
  std::optional<std::uint64_t> keys;
  std::uint64_t entry_bytes = 0;
  std::string go_version = "1.26";
  bool classic = false;
};
// kUsage where it can't be planned so.
[[nodiscard]] Result<void> plan_cache(const PlannerOptions& options, const AdviceOptions& output);

}  // namespace gomapd::app
