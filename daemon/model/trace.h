// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "bpf/interface.h"
#include "daemon/model/growth.h"
#include "daemon/symbol/symbolizer.h"

namespace gomapd::model {

struct Process {
  std::uint32_t pid = 0;
  std::string exe;
  std::string go_version;
  go::Design design = go::Design::kClassic;
  std::string assumed_rules = {};  // "go1.27": the newest known, for a release after it
  std::string build_id = {};       // of the executable; empty when it has none
  // The segment with the Go code: where the file says it is loaded, and where
  // it stands in the file.
  std::uint64_t text_address = 0;
  std::uint64_t text_size = 0;
  std::uint64_t text_file_offset = 0;
};

enum class ProcessChange : std::uint8_t { kStarted, kExited };

// A map type as far as it could be found out.
struct TypeInfo {
  std::optional<std::string> name;
  SlotShape shape;
};

// Innermost first. Runtime map frames, where they are shown, come before the
// first frame of the program's own.
using Stack = std::vector<symbol::Frame>;

// The innermost frame that is no runtime map frame; null when there is none.
[[nodiscard]] const symbol::Frame* user_frame(const Stack& stack);
// There were more frames than the kernel walks.
[[nodiscard]] bool is_truncated(const Stack& stack);

// A record from the kernel, decoded. `stack` borrows from whoever resolved it.
struct GrowthEvent {
  gm_record_kind what = GM_RECORD_STARTED;
  std::uint64_t monotonic_ns = 0;
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
  std::uint64_t goid = 0;
  std::uint64_t address = 0;
  // Tells a map from others of the process, and from another one at the same
  // address later. A map that was emptied counts as another from then on.
  std::uint64_t identity = 0;
  std::uint64_t seed = 0;  // of its hashes: h.hash0 or m.seed
  bool on_goroutine_stack = false;
  go::Design design = go::Design::kClassic;
  gm_kind kind = GM_KIND_UNKNOWN;
  Reason reason = Reason::kLoadFactor;
  std::uint64_t keys = 0;
  std::uint64_t go_map_keys = 0;
  GrowthSizes sizes;
  std::uint64_t overflow_buckets = 0;
  bool overflow_is_estimate = false;
  // Of finished ones. Of one that began before tracing: since tracing began, so
  // it took longer than that.
  std::uint64_t duration_ns = 0;
  bool began_before = false;
  bool directory_doubles = false;  // of a split: no room in it for one table more
  // Of a moved bucket: which old one, and how many of this growth have moved,
  // itself included; 0 when its beginning was not seen.
  std::uint64_t bucket = 0;
  std::uint64_t evacuated = 0;
  std::uint64_t tombstones_removed = 0;  // of a prune
  const TypeInfo* type = nullptr;        // never null
  const Stack* stack = nullptr;          // never null; empty when unknown
};

struct Counts {
  std::uint64_t started = 0;
  std::uint64_t finished = 0;
  std::uint64_t finished_only = 0;
  std::uint64_t evacuated = 0;    // old buckets moved, where they were probed
  std::uint64_t pruned = 0;       // tombstones removed, likewise
  std::uint64_t ends_unseen = 0;  // of those that began: their probes had gone by then

  [[nodiscard]] std::uint64_t in_progress() const {
    return started - std::min(started, finished + ends_unseen);
  }
};

// Growth cost, summed.
struct Cost {
  std::uint64_t bytes = 0;
  std::uint64_t growing_ns = 0;  // sum of the durations of finished growths
  std::uint64_t slowest_ns = 0;
};

// Growths that were not counted, but estimated.
struct Estimated {
  double growths = 0;
  double bytes = 0;
  double variance = 0;

  [[nodiscard]] double error() const;  // one standard error
};

struct ProcessSummary {
  Process process;
  Counts counts;
  Cost cost;
  std::array<std::uint64_t, GM_KIND_COUNT> by_kind{};
  Estimated estimated = {};
};

// What grew from one call stack, of one type: what profiles are made of. The
// references are the resolver's: never null.
struct StackSummary {
  std::uint32_t pid = 0;
  const TypeInfo* type = nullptr;
  const Stack* stack = nullptr;
  Counts counts;
  Cost cost;
  std::uint64_t max_keys = 0;
};

// The same by the innermost frame and the type.
struct SiteSummary {
  std::string function;  // empty: not known
  std::string file;
  std::int32_t line = 0;
  std::optional<std::string> type;
  Counts counts;
  Cost cost;
  std::uint64_t max_keys = 0;  // of the largest map that grew there, before it grew
  std::uint64_t go_maps = 0;   // different maps that grew there
  Estimated estimated = {};    // without a variance
};

struct Summary {
  Counts counts;
  Estimated estimated;  // besides what was counted, where growths were sampled
  Cost cost;
  std::array<std::uint64_t, GM_KIND_COUNT> by_kind{};  // started
  std::vector<ProcessSummary> processes;
  std::vector<StackSummary> stacks;  // growths that began while tracing
  std::vector<SiteSummary> sites;    // of the same, most growths first
  // Distinct maps are known only from records: with lost ones, or past the
  // limit of what is remembered, `go_maps` are lower bounds.
  bool go_maps_exact = true;
};

// Answers what a type or a stack id means. Returned references live as long as
// the resolver.
class Resolver {
 public:
  virtual ~Resolver() = default;
  [[nodiscard]] virtual const TypeInfo& type(std::uint32_t binary, std::uint32_t pid,
                                             std::uint64_t address) = 0;
  [[nodiscard]] virtual const Stack& stack(std::uint32_t binary, std::uint64_t id) = 0;
  // False: one of the two is not known yet, and will be; both are being asked for.
  [[nodiscard]] virtual bool is_ready(std::uint32_t /*binary*/, std::uint32_t /*pid*/,
                                      const gm_counter_key& /*key*/) {
    return true;
  }
};

// One counter of the kernel, with its key.
struct CounterRow {
  gm_counter_key key;
  gm_counter value;
};

// What one record says. `tracing_since_ns`: CLOCK_MONOTONIC when tracing began.
// Pure but for what the resolver does.
[[nodiscard]] GrowthEvent decode(const gm_record& record, std::uint64_t tracing_since_ns,
                                 Resolver& resolver);

// Remembers which maps grew where.
class SeenMaps {
 public:
  // Different maps that are remembered in all; about 40 bytes each.
  static constexpr std::size_t kLimit = 4U << 20U;

  void add(const gm_record& record);
  [[nodiscard]] bool is_full() const { return total_ >= kLimit; }
  // Under which identities are seen.
  struct Key {
    std::uint32_t pid;
    std::uint32_t binary;
    std::uint64_t stack;
    std::uint64_t type;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  [[nodiscard]] const std::map<Key, std::unordered_set<std::uint64_t>>& by_key() const {
    return by_key_;
  }

 private:
  std::map<Key, std::unordered_set<std::uint64_t>> by_key_;
  std::size_t total_ = 0;
};

// The state of the counters, made sense of. Complete: no site is left out.
[[nodiscard]] Summary summarize(std::span<const CounterRow> rows,
                                std::span<const Process> processes, const SeenMaps& seen,
                                Resolver& resolver);

}  // namespace gomapd::model
