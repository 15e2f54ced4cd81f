// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/export/assign.h"
#include "daemon/model/trace.h"

namespace gomapd::exporter {

// All that the end of a trace says.
struct TraceReport {
  model::Summary summary;
  std::uint64_t duration_ns = 0;
  std::array<std::uint64_t, GM_STAT_COUNT> stats{};  // by enum gm_stat
  std::uint64_t rejected_records = 0;                // came from the ring with a wrong size
  std::uint64_t model_divergences = 0;               // records that Go's own rules rule out
  std::optional<AssignReport> assign;                // where assignments were sampled
  std::string command_failure;                       // how the traced command failed, else empty
  bool is_estimated = false;       // growths were sampled for a while: see Summary::estimated
  std::uint64_t sampled_hits = 0;  // of probes that were in for that
  std::uint64_t began_ns = 0;      // CLOCK_REALTIME when tracing began
  // Of a recording: that its end is missing, and all that is, in words.
  bool truncated = false;
  std::vector<std::string> missing;

  [[nodiscard]] std::uint64_t stat(gm_stat which) const { return stats.at(which); }
  // Hits of the traced processes.
  [[nodiscard]] std::uint64_t probe_hits() const {
    // While tracing goes on, hits are read before what became of them.
    const auto hits =
        stat(GM_STAT_HITS_START) + stat(GM_STAT_HITS_END) + stat(GM_STAT_HITS_EVACUATE);
    return hits - std::min(hits, stat(GM_STAT_FILTERED)) + sampled_hits;
  }
  // Growths that were counted, but have no event line.
  [[nodiscard]] std::uint64_t lost_events() const {
    return stat(GM_STAT_RING_FULL) + rejected_records;
  }
  // Hits that should have been counted and were not.
  [[nodiscard]] std::uint64_t uncounted_hits() const {
    return stat(GM_STAT_FAULT) + stat(GM_STAT_NO_SITE) + stat(GM_STAT_UNCOUNTED);
  }
  // Growths whose site is not known.
  [[nodiscard]] std::uint64_t siteless_growths() const {
    return stat(GM_STAT_STACKS_FULL) + stat(GM_STAT_COUNTERS_FULL);
  }
};

// "12 growths in 2.5 s, 1.2 MiB allocated, 3.4 ms growing"
[[nodiscard]] std::string headline(const TraceReport& report);

// The report for people: per process, then per site, most growths first.
// `width` columns at most, 0 for no limit. Ends with a newline.
[[nodiscard]] std::string report_text(const TraceReport& report, std::size_t width);

// The live table: at most `rows` lines that fit `width`, sites by growths.
[[nodiscard]] std::string live_table(const TraceReport& report, std::size_t width,
                                     std::size_t rows);

}  // namespace gomapd::exporter
