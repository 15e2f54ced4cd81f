// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/snapshot.h"
#include "daemon/symbol/symbolizer.h"

namespace gomapd::exporter {

// What told that a map is there.
enum class SeenBy : std::uint8_t { kGrowth, kAssignment };

// A map that could be read.
struct SnapshotRow {
  model::GoMapPlace place;
  std::optional<std::string> type;
  std::optional<symbol::Frame> site;  // where it grew, or was assigned to
  SeenBy seen_by = SeenBy::kGrowth;
  model::GoMapState state;
  unsigned retries = 0;
};

struct SnapshotReport {
  std::uint32_t pid = 0;
  std::vector<SnapshotRow> rows;  // largest first
  std::uint64_t retries = 0;      // of all maps
  // Known maps that are not among them, by why.
  std::uint64_t gone = 0;
  std::map<std::string_view, std::uint64_t> torn;  // by reason
  // Growths, sampled assignments: of maps on a goroutine's stack, which move.
  std::uint64_t on_stack = 0;
  std::uint64_t not_read = 0;     // too many, or no time left
  std::uint64_t lost_events = 0;  // growths whose maps are not known

  [[nodiscard]] std::uint64_t torn_count() const;
};

// `snapshot --json`: one object, without a newline.
[[nodiscard]] std::string snapshot_json(const SnapshotReport& report);
// For people: `width` columns at most, 0 for no limit. Ends with a newline.
[[nodiscard]] std::string snapshot_text(const SnapshotReport& report, std::size_t width);

}  // namespace gomapd::exporter
