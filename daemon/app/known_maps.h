// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/app/trace_sink.h"
#include "daemon/export/snapshot.h"
#include "daemon/model/snapshot.h"
#include "daemon/symbol/symbolizer.h"

namespace gomapd::app {

// A map of a process that was seen alive.
struct KnownMap {
  model::GoMapPlace place;
  std::optional<std::string> type;
  std::optional<symbol::Frame> site;  // where it grew, or was assigned to; nothing: not known
  exporter::SeenBy seen_by = exporter::SeenBy::kGrowth;
};

// Remembers the maps of one process that a trace sees growing, or assigned to in a
// sampled window, each by its address: the last that was there. Whatever else tells
// of maps can add() its own.
class KnownMaps final : public TraceSink {
 public:
  static constexpr std::size_t kLimit = 1U << 18U;

  using Progress = std::function<void(std::size_t maps)>;
  // `progress`, if any, is told once a second how many there are.
  explicit KnownMaps(Progress progress = {}) : progress_(std::move(progress)) {}

  void add(KnownMap known);

  void growth(const model::GrowthEvent& event) override;
  void assigns(const model::AssignWindow& window) override;
  [[nodiscard]] bool wants_state() const override { return static_cast<bool>(progress_); }
  void state(const exporter::TraceReport& /*report*/) override { progress_(known_.size()); }
  [[nodiscard]] Result<void> finish(const exporter::TraceReport& report) override;

  [[nodiscard]] const std::map<std::uint64_t, KnownMap>& by_address() const { return known_; }
  [[nodiscard]] std::uint64_t replaced() const { return replaced_; }  // gone, another is there
  // Growths and sampled assignments of maps on a goroutine's stack.
  [[nodiscard]] std::uint64_t on_stack() const { return on_stack_; }
  [[nodiscard]] std::uint64_t not_kept() const { return not_kept_; }  // sightings past the limit
  [[nodiscard]] std::uint64_t lost_events() const { return lost_events_; }

 private:
  Progress progress_;
  std::map<std::uint64_t, KnownMap> known_;
  std::uint64_t replaced_ = 0;
  std::uint64_t on_stack_ = 0;
  std::uint64_t not_kept_ = 0;
  std::uint64_t lost_events_ = 0;
};

}  // namespace gomapd::app
