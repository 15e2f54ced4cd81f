// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/replay.h"

#include "daemon/recording/decoder.h"

namespace gomapd::app {
namespace {

class ToSinks final : public recording::Events {
 public:
  explicit ToSinks(std::span<TraceSink* const> sinks) : sinks_(sinks) {}

  void process(ProcessChange change, const model::Process& process,
               std::uint64_t monotonic_ns) override {
    for (auto* sink : sinks_) sink->process(change, process, monotonic_ns);
  }
  void growth(const model::GrowthEvent& event) override {
    for (auto* sink : sinks_) sink->growth(event);
  }

 private:
  std::span<TraceSink* const> sinks_;
};

}  // namespace

Result<void> check_recording(Bytes recording) {
  (void)TRY(recording::Decoder::open(recording));
  return {};
}

Result<ReplayResult> replay(Bytes recording, std::span<TraceSink* const> sinks) {
  auto decoder = TRY(recording::Decoder::open(recording));
  for (auto* sink : sinks) sink->begin({.realtime_offset_ns = decoder.realtime_offset_ns()});
  ToSinks events(sinks);
  const auto report = decoder.read(events);
  Result<void> finished;
  for (auto* sink : sinks)
    if (auto one = sink->finish(report); !one && finished) finished = std::move(one);
  TRY_VOID(std::move(finished));
  return ReplayResult{report.truncated, report.missing};
}

}  // namespace gomapd::app
