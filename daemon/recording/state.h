// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "daemon/export/report.h"
#include "daemon/recording/definitions.h"

namespace gomapd::recording {

// The state of the counters, put together from the blocks that tell it.
class CounterState {
 public:
  // Takes the payload of a state. False, and nothing changes, when it
  // contradicts itself.
  [[nodiscard]] bool add(Bytes payload);

  [[nodiscard]] bool is_known() const { return known_; }
  // Rows may be older than the totals: a state that changed them was lost.
  [[nodiscard]] bool has_gap() const { return gap_; }
  [[nodiscard]] std::uint64_t duration_ns() const { return totals_.duration_ns; }

  // The report, with names. `unnamed` rises by the rows whose names are missing.
  [[nodiscard]] exporter::TraceReport report(Definitions& definitions,
                                             std::uint64_t& unnamed) const;

 private:
  struct Row {
    model::Counts counts;
    model::Cost cost;
    std::uint64_t max_keys = 0;
    std::uint64_t go_maps = 0;  // of sites
  };
  struct ProcessRow {
    std::uint64_t number = 0;
    model::ProcessSummary summary;  // without the process
  };
  struct StackKey {
    std::uint32_t pid = 0;
    std::uint64_t type = 0;
    std::uint64_t stack = 0;
    friend auto operator<=>(const StackKey&, const StackKey&) = default;
  };
  struct SiteKey {
    std::uint64_t function = 0;
    std::uint64_t file = 0;
    std::int32_t line = 0;
    std::uint64_t type = 0;  // its name's number + 1; 0: none
    friend auto operator<=>(const SiteKey&, const SiteKey&) = default;
  };
  // One block.
  struct Update {
    std::uint64_t flags = 0;
    std::uint64_t number = 0;
    exporter::TraceReport totals;  // without rows
    std::vector<ProcessRow> processes;
    std::vector<std::pair<StackKey, Row>> stacks;
    std::vector<std::pair<SiteKey, Row>> sites;
  };
  static void read_counts(Cursor& cursor, model::Counts& counts, model::Cost& cost);
  static Update parse(Cursor& cursor);
  void add_stacks(model::Summary& summary, const Definitions& definitions,
                  std::uint64_t& unnamed) const;
  void add_sites(model::Summary& summary, Definitions& definitions, std::uint64_t& unnamed) const;

  bool known_ = false;
  bool gap_ = false;
  std::uint64_t next_number_ = 0;
  exporter::TraceReport totals_;
  std::vector<ProcessRow> processes_;
  std::map<StackKey, Row> stacks_;
  std::map<SiteKey, Row> sites_;
};

}  // namespace gomapd::recording
