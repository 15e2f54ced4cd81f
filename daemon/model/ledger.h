// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "daemon/model/estimates.h"
#include "daemon/model/host.h"
#include "daemon/model/trace.h"

namespace gomapd::model {

struct LedgerOptions {
  // Of the host. Further workloads are one, Ledger::kOther; further sites are summed up
  // by workload. What sums up is not counted: there are at most
  //   max_workloads + 1 workloads and max_sites + 1 for each workload sites.
  std::size_t max_workloads = 500;
  std::size_t max_sites = 200;
  std::size_t max_stacks = 32768;                            // likewise
  std::chrono::nanoseconds linger{std::chrono::minutes(5)};  // of a workload without processes
  bool by_pid = false;  // each process is a workload of its own
};

// What is known of a process besides its counters.
struct ProcessFacts {
  Identity identity;
  std::string go_version;
  std::uint64_t since_monotonic_ns = 0;
};

// The totals of a host's workloads, from the kernel's counters as they are read now
// and then. A total never goes back while its workload is listed: what processes
// counted that have gone stays in it. Pure but for what resolvers do; single-threaded.
//
//   sum of a workload's totals = sum of the last values of all rows that its
//   processes ever had
class Ledger final : public EstimateSink {
 public:
  // Where a host-wide limit is hit, this is the executable of the workload, the
  // function of the site, or the stack's one frame.
  static constexpr std::string_view kOther = "other";
  // So long the stacks of a process that has gone are told apart from others':
  // profiles compare states that are at most so far apart.
  static constexpr std::chrono::seconds kProfileSpan{310};

  explicit Ledger(LedgerOptions options) : options_(options) {}

  // From now on rows of `pid` belong to a process that is so. Of one that is known
  // already nothing changes. A workload that finds no room is part of kOther for as long
  // as its process lives.
  void started(std::uint32_t pid, const ProcessFacts& facts);
  [[nodiscard]] bool knows(std::uint32_t pid) const { return processes_.contains(pid); }

  enum class Reading : std::uint8_t { kMoreToCome, kLast };
  // Counters as they stand now, of some or all processes; those of unknown ones are
  // left for when they are known. A row whose stack is still being written, or whose stack
  // and type are being asked for, waits for the next reading, unless this is the last of its
  // process.
  void update(std::span<const CounterRow> rows, Resolver& resolver, Reading reading);

  void estimate(std::uint32_t pid, go::Design design, double growths, double variance,
                std::span<const SampleRow> described, Resolver& resolver) override;
  void forget_open(std::uint32_t pid) override;

  // The process has gone, and the kernel has forgotten its rows.
  void exited(std::uint32_t pid, std::uint64_t monotonic_ns);

  // Once a second or so: rates, their history, and the end of workloads.
  void advance(std::uint64_t monotonic_ns);

  // Limits and the linger time may change while it runs.
  void set_options(const LedgerOptions& options) { options_ = options; }

  // The workloads, sites and stacks, in an order that lasts. `state` says what time it is.
  void fill(HostState& state) const;

  // How many stacks and types are remembered by their ids: for tests.
  [[nodiscard]] std::size_t remembered() const {
    return shared_stacks_.size() + shared_types_.size();
  }

 private:
  static constexpr std::size_t kLeastToPrune = 1024;

  using WorkloadKey = std::pair<Identity, std::uint32_t>;
  struct WorkloadEntry {
    Workload totals;  // processes and in_progress are filled in last
    std::size_t processes = 0;
    std::uint64_t empty_since_ns = 0;
    double growths_before = 0;  // at the last advance(), estimates included
    double growths_at_point = 0;
  };
  // Addresses of entries last: rows point to them.
  using Workloads = std::map<WorkloadKey, WorkloadEntry>;

  struct SiteEntry {
    HostSite totals;
    double growths_before = 0;
  };
  using SiteKey =
      std::tuple<const WorkloadEntry*, std::string, std::string, std::int32_t, std::string>;
  // The second: a PID; or of a process that has gone a number of its own, for its PID
  // may be another's; or 0 for all of those that went long ago.
  using StackKey = std::tuple<const WorkloadEntry*, std::uint64_t, const Stack*, const TypeInfo*>;
  struct Departed {
    std::uint64_t monotonic_ns = 0;
    std::vector<StackKey> stacks;
  };

  struct RowKeyLess {
    bool operator()(const gm_counter_key& a, const gm_counter_key& b) const;
  };
  struct Row {
    gm_counter before{};
    SiteEntry* site = nullptr;
    HostStack* stack = nullptr;
    std::uint64_t bytes_each = 0;
    std::uint64_t ends_unseen = 0;  // of growths that began
  };
  struct ProcessEntry {
    ProcessFacts facts;
    Workloads::iterator workload;
    std::map<gm_counter_key, Row, RowKeyLess> rows;
    bool forgets_open = false;  // with the next update()
    double unplaced = 0;        // estimated growths that no site has yet
  };

  WorkloadKey place_of(std::uint32_t pid, const Identity& identity);
  void update_row(ProcessEntry& process, std::uint32_t pid, const CounterRow& row,
                  Resolver& resolver, Reading reading);
  bool find_place(ProcessEntry& process, std::uint32_t pid, const CounterRow& row, Row& entry,
                  Resolver& resolver, Reading reading);
  bool place_as_before(WorkloadEntry& workload, double growths);
  SiteEntry& site_of(WorkloadEntry& workload, const Stack& stack, const TypeInfo& type);
  HostStack& stack_of(WorkloadEntry& workload, std::uint32_t pid,
                      std::shared_ptr<const Stack> stack, std::shared_ptr<const TypeInfo> type);
  std::shared_ptr<const Stack> shared(std::uint32_t binary, std::uint64_t id, const Stack& stack);
  std::shared_ptr<const TypeInfo> shared(const TypeInfo& type);
  void forget_unused();
  void set_apart(ProcessEntry& process, std::uint32_t pid, std::uint64_t monotonic_ns);
  void fold_departed(std::uint64_t monotonic_ns);
  void end_workload(Workloads::iterator workload);

  LedgerOptions options_;
  Workloads workloads_;
  std::unordered_map<std::uint32_t, ProcessEntry> processes_;
  std::map<SiteKey, SiteEntry> sites_;
  std::map<StackKey, HostStack> stacks_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::weak_ptr<const Stack>> shared_stacks_;
  std::map<std::tuple<std::string, std::uint64_t, Scan>, std::weak_ptr<const TypeInfo>>
      shared_types_;
  std::size_t prune_at_ = kLeastToPrune;
  std::deque<Departed> departed_;  // oldest first
  std::uint64_t departures_ = 0;
  std::uint64_t advanced_ns_ = 0;
  std::uint64_t point_ns_ = 0;  // when the last point of the histories was made
  std::uint64_t workloads_over_limit_ = 0;
  std::uint64_t sites_over_limit_ = 0;
  std::uint64_t stacks_over_limit_ = 0;
};

}  // namespace gomapd::model
