// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

#include "daemon/export/report.h"
#include "daemon/model/assign.h"
#include "daemon/model/trace.h"

namespace gomapd::app {

using model::ProcessChange;

// What is known before the first event.
struct TraceStart {
  std::int64_t realtime_offset_ns = 0;  // CLOCK_REALTIME less CLOCK_MONOTONIC

  [[nodiscard]] std::uint64_t realtime_ns(std::uint64_t monotonic_ns) const {
    return monotonic_ns + static_cast<std::uint64_t>(realtime_offset_ns);
  }
};

// Takes what one trace, or a recording of one, finds: the events in the order of
// their times, and the report at the end. Called from one thread. Times are
// CLOCK_MONOTONIC. What an event points to (types, stacks) lives as long as the
// trace, at one address.
class TraceSink {
 public:
  TraceSink() = default;
  TraceSink(const TraceSink&) = delete;
  TraceSink& operator=(const TraceSink&) = delete;
  virtual ~TraceSink() = default;

  // First of all.
  virtual void begin(const TraceStart& /*start*/) {}
  virtual void process(ProcessChange /*change*/, const model::Process& /*process*/,
                       std::uint64_t /*monotonic_ns*/) {}
  virtual void growth(const model::GrowthEvent& /*event*/) {}
  virtual void assigns(const model::AssignWindow& /*window*/) {}

  // Many times a second: hands on what was written. False when nobody takes it
  // any more: the trace then ends.
  [[nodiscard]] virtual bool flush() { return true; }

  // The state so far, once a second, for sinks that ask for it.
  [[nodiscard]] virtual bool wants_state() const { return false; }
  virtual void state(const exporter::TraceReport& /*report*/) {}

  // The report, last. An error when the result could not be written whole.
  [[nodiscard]] virtual Result<void> finish(const exporter::TraceReport& report) = 0;
};

}  // namespace gomapd::app
