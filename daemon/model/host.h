// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bpf/interface.h"
#include "daemon/model/identity.h"
#include "daemon/model/trace.h"

namespace gomapd::model {

// Growths by how long they took. Counts are not cumulative: counts[i] holds those
// up to bound_ns(i) that no earlier one holds, the last one all that took longer.
struct DurationHistogram {
  std::array<std::uint64_t, GM_DURATION_BUCKETS> counts{};
  std::uint64_t sum_ns = 0;

  // 1 us, 4 us, 16 us, … for i < GM_DURATION_BUCKETS - 1.
  [[nodiscard]] static constexpr std::uint64_t bound_ns(unsigned i) { return 1000ULL << (2 * i); }
};

// Totals since the daemon began; none ever goes back while its owner is listed.
struct DesignTotals {
  std::array<std::uint64_t, GM_KIND_COUNT> growths{};  // exact, by kind
  double estimated = 0;  // what samples stand for; never part of the exact ones
  DurationHistogram durations;
};

struct HostProcess {
  std::uint32_t pid = 0;
  std::string go_version;
  std::uint64_t since_ns = 0;  // CLOCK_REALTIME: traced since
};

// One point of a rate's history.
struct RatePoint {
  std::uint64_t time_ns = 0;  // CLOCK_REALTIME, its end
  double growths_per_second = 0;
};

enum class DetailLevel : std::uint8_t { kOff = 0, kGrowth = 1, kBuckets = 2, kAssign = 3 };

struct Workload {
  Identity identity;
  std::uint32_t pid = 0;  // where each process is a workload of its own; else 0
  std::map<go::Design, DesignTotals> by_design;
  std::uint64_t in_progress = 0;  // of the living processes
  std::uint64_t bytes = 0;
  std::uint64_t growing_ns = 0;
  std::uint64_t slowest_ns = 0;
  std::uint64_t evacuated_buckets = 0;
  std::vector<HostProcess> processes;  // living ones
  double estimated_bytes = 0;          // of estimated growths
  double estimated_variance = 0;       // of their number
  bool sampled = false;                // growths are, now: each would cost too much
  double overhead = 0;                 // time in probes / CPU time, lately
  DetailLevel detail = DetailLevel::kGrowth;
  double growths_per_second = 0;  // over the last interval
  bool storm = false;
  std::uint64_t storm_since_ns = 0;  // CLOCK_REALTIME; 0: none
  std::vector<RatePoint> history;    // the last 15 minutes, oldest first

  [[nodiscard]] std::uint64_t growths() const {
    std::uint64_t sum = 0;
    for (const auto& [design, totals] : by_design)
      for (const auto count : totals.growths) sum += count;
    return sum;
  }
  // One standard error of estimated().
  [[nodiscard]] double estimated_error() const {
    return std::sqrt(std::max(estimated_variance, 0.0));
  }
  [[nodiscard]] double estimated() const {
    double sum = 0;
    for (const auto& [design, totals] : by_design) sum += totals.estimated;
    return sum;
  }
};

// The three figures of the maps of a site that are alive, at the last sample.
struct TrackedMaps {
  std::uint64_t sampled = 0;           // how many maps
  std::uint64_t keys = 0;              // of the largest
  double load_factor = 0;              // of the fullest
  std::uint64_t overflow_buckets = 0;  // most in one
};

struct HostSite {
  std::size_t workload = 0;  // index in HostState.workloads
  std::string function;      // as to be shown; empty: not known
  std::string file;
  std::int32_t line = 0;
  std::string map_type;  // Go syntax; empty: not known
  std::uint64_t growths = 0;
  std::uint64_t bytes = 0;
  double estimated = 0;  // growths, and
  double estimated_bytes = 0;
  std::uint64_t growing_ns = 0;
  std::uint64_t slowest_ns = 0;
  std::uint64_t max_keys = 0;
  double growths_per_second = 0;
  std::optional<TrackedMaps> tracked;
};

// What grew from one call stack, of one type, in one process: what profiles are
// made of. Totals since the daemon began. pid 0: in processes that have gone long
// ago, all in one.
struct HostStack {
  std::size_t workload = 0;
  std::uint32_t pid = 0;
  std::shared_ptr<const Stack> stack;    // never null; shared between states
  std::shared_ptr<const TypeInfo> type;  // likewise
  std::uint64_t growths = 0;             // that began
  std::uint64_t finished = 0;
  std::uint64_t bytes = 0;
  std::uint64_t growing_ns = 0;
};

// A map that is alive, as it was read from its process's memory.
struct LiveMap {
  std::size_t workload = 0;
  std::uint32_t pid = 0;
  std::uint64_t address = 0;
  go::Design design = go::Design::kClassic;
  std::string map_type;
  std::string function;  // where it grew last
  std::uint64_t keys = 0;
  std::uint64_t buckets = 0;  // classic: 2^B; Swiss: slots of all tables
  double load_factor = 0;
  std::uint64_t overflow_buckets = 0;
  std::uint64_t tombstones = 0;
  std::uint64_t bytes = 0;
  // A migration under way (classic): of old_buckets, this many have moved.
  std::uint64_t old_buckets = 0;
  std::uint64_t evacuated = 0;
  std::uint64_t sampled_ns = 0;  // CLOCK_REALTIME
};

// Everything that outside readers see of the daemon, at one moment. Immutable
// once published: any thread may read it.
struct HostState {
  std::uint64_t time_ns = 0;       // CLOCK_REALTIME, as are all moments here
  std::uint64_t monotonic_ns = 0;  // CLOCK_MONOTONIC, at that moment
  std::uint64_t began_ns = 0;      // of the daemon
  // How long the daemon had run, by CLOCK_MONOTONIC, which nobody sets: for differences.
  std::uint64_t running_ns = 0;
  std::vector<Workload> workloads;
  std::vector<HostSite> sites;
  std::vector<HostStack> stacks;
  std::vector<LiveMap> live_maps;

  // Processes by what became of them; why, for those that could not be traced.
  std::uint64_t processes_traced = 0;
  std::uint64_t processes_skipped = 0;
  std::uint64_t processes_failed = 0;
  std::map<std::string, std::uint64_t> attach_failures;  // by reason; since the start
  std::map<std::string, std::uint64_t> probe_hits;       // by role; since the start
  std::uint64_t reader_workshops_lost = 0;               // since the start

  std::uint64_t events_lost = 0;
  std::uint64_t model_divergences = 0;
  // How often a limit was hit: see the metrics' table.
  std::uint64_t workloads_over_limit = 0;
  std::uint64_t sites_over_limit = 0;
  std::uint64_t stacks_over_limit = 0;
  std::uint64_t counters_over_limit = 0;
  std::uint64_t process_events_lost = 0;

  bool ready = false;         // probes can be attached
  std::string not_ready_why;  // empty when ready
  std::string version;
  std::string kernel;
  std::string attach_method;
  double max_overhead = 0;

  // When an earlier moment was, by the clock as it stands now: it may have been set since.
  [[nodiscard]] std::uint64_t realtime_of(std::uint64_t earlier_monotonic_ns) const {
    return time_ns - (monotonic_ns - earlier_monotonic_ns);
  }
};

}  // namespace gomapd::model
