// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/app/governing.h"
#include "daemon/app/host_binaries.h"
#include "daemon/app/host_libraries.h"
#include "daemon/app/live_maps.h"
#include "daemon/app/targets.h"
#include "daemon/kernel/hit_cost.h"
#include "daemon/kernel/process_events.h"
#include "daemon/kernel/tracer.h"
#include "daemon/model/divergence.h"
#include "daemon/model/host.h"
#include "daemon/model/ledger.h"
#include "daemon/model/selection.h"
#include "daemon/model/storm.h"
#include "probes/plan/catalogue.h"

namespace gomapd::app {

struct HostOptions {
  Detail detail = Detail::kGrowth;  // not kAssign
  double max_overhead = 0.01;
  std::uint32_t ring_bytes = 8U << 20U;
  bool force_perf_uprobes = false;
  std::chrono::nanoseconds recover_after{std::chrono::seconds(30)};
  std::chrono::nanoseconds scan_interval{std::chrono::seconds(30)};
  model::SelectionRules selection;
  model::LedgerOptions ledger;
  model::StormRules storm;
};

// Every Go process of a host, traced: finds them, probes what they run, and keeps
// the books. Single-threaded; an event loop calls it.
class Host {
 public:
  // Borrows the workshop.
  [[nodiscard]] static Result<std::unique_ptr<Host>> create(const HostOptions& options,
                                                            analyst::Workshop* workshop);

  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host();  // ends all readers, for others wait for them

  // What the loop should wake up for, besides the clock: readable when there is
  // something for attend().
  [[nodiscard]] std::vector<int> inputs() const;

  // Processes that came and went, binaries that were analysed, records: to be called
  // when an input is readable, and ten times a second.
  [[nodiscard]] Result<void> attend();
  // Once a second: counters, rates, live maps.
  [[nodiscard]] Result<std::shared_ptr<const model::HostState>> take_stock();

  // Whether probes take so much all of a sudden that the next second is too late.
  [[nodiscard]] Result<bool> is_pressed();

  // Takes the pictures that somebody wants: ten times a second.
  void show(MapWatch& watch) const;

  // Another selection (running processes are judged anew), other limits and storms.
  void reload(const HostOptions& options);

 private:
  enum class Fate : std::uint8_t { kPending, kTraced, kSkipped, kFailed, kNotGo };
  struct Known {
    std::uint64_t start_ticks = 0;
    proc::FileId file;  // of its executable, or of the Go library in it that is traced
    model::Identity identity;
    Fate fate = Fate::kPending;
    std::uint64_t cpu_ns = 0;  // at the last reading
    std::uint64_t hits = 0;    // likewise
    std::uint64_t bucket_hits = 0;
  };
  // So long names that readers know are waited for at a time: the loop has other things to do.
  static constexpr std::chrono::milliseconds kForNames{50};
  using Processes = std::unordered_map<std::uint32_t, Known>;

  Host(const HostOptions& options, kernel::Tracer tracer, std::unique_ptr<Analyser> analyser,
       std::unique_ptr<GrowthWindows> windows, analyst::Workshop* workshop);

  Result<void> scan();
  Result<void> follow(std::span<const gm_process_event> events);
  Result<void> examine(std::uint32_t pid);
  Result<void> forked(std::uint32_t parent, std::uint32_t child);
  void settle();
  void judge(std::uint32_t pid, Known& known, const HostBinaries::Entry& entry);
  void look_for_libraries();
  void settle_library(std::uint32_t pid, Known& known,
                      Result<std::optional<proc::Library>> library);
  void exclude(std::uint32_t pid);
  void count_failure(Errc code);
  void left(std::uint32_t pid);
  Result<void> drain();
  Result<void> bury();
  void write_last_words(std::optional<std::uint32_t> at_once = std::nullopt);
  Result<void> make_way_for(std::uint32_t pid);
  void adopt_strangers(std::span<const model::CounterRow> rows);
  void let_binaries_go();
  [[nodiscard]] Result<void> read_rows();
  [[nodiscard]] bool is_quiet() const { return quiet_readings_ > 2; }
  [[nodiscard]] Result<ProbeUses> govern(std::span<const model::CounterRow> rows);
  [[nodiscard]] ProbeUses measure_use(std::span<const model::CounterRow> rows);
  void tell_overhead(const ProbeUses& uses, model::HostState& state) const;
  void count_processes(model::HostState& state) const;
  void watch_for_storms(model::HostState& state, std::uint64_t now_ns);
  Result<void> tell_health(model::HostState& state) const;

  HostOptions options_;
  analyst::Workshop* workshop_;
  BinaryTable binaries_table_;
  kernel::Tracer tracer_;
  std::unique_ptr<Analyser> analyser_;
  TraceResolver resolver_;
  HostBinaries binaries_;
  HostLibraries libraries_;
  std::optional<kernel::ProcessEvents> events_;
  model::Ledger ledger_;
  LiveMaps live_maps_;
  model::Divergences divergences_{model::Seen::kFromSomeTime};
  kernel::HitCost hit_cost_ = kernel::kAssumedHitCost;
  std::vector<model::CounterRow> rows_;  // as they were read last, and …
  std::uint64_t rows_hits_ = 0;          // … at how many hits
  int quiet_readings_ = 0;               // since there were others
  std::unique_ptr<Governing> governing_;

  Processes processes_;
  std::unordered_set<std::uint32_t> gone_;  // whose last counters are to be taken
  // Taken of those who have gone, and left until it is known what they mean.
  struct LastWords {
    std::vector<model::CounterRow> rows;
    std::chrono::steady_clock::time_point since;
  };
  std::map<std::uint32_t, LastWords> last_words_;
  std::deque<gm_record> held_;  // records, likewise
  std::map<std::string, std::uint64_t> failures_;
  std::uint64_t workshops_lost_ = 0;
  struct StormEntry {
    model::Storm storm;
    std::uint64_t since_monotonic_ns = 0;
  };
  std::map<std::pair<model::Identity, std::uint32_t>, StormEntry> storms_;
  std::uint64_t stock_ns_ = 0;     // when it was taken last
  std::uint64_t events_lost_ = 0;  // of processes, when all were last looked at
  std::chrono::steady_clock::time_point last_scan_;
  bool look_for_deleted_ = false;  // binaries, after each scan
  std::uint64_t began_realtime_ns_ = 0;
  std::uint64_t began_monotonic_ns_ = 0;
  std::uint64_t sampled_ns_ = 0;
  std::uint64_t used_ns_ = 0;     // when use was measured last,
  std::uint64_t stock_hits_ = 0;  // the hits until then,
  double hits_per_ns_ = 0;        // and their rate before
  std::uint64_t made_room_ns_ = 0;
};

}  // namespace gomapd::app
