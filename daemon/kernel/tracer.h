// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "bpf/interface.h"
#include "daemon/kernel/stats.h"
#include "probes/plan/plan.h"

namespace gomapd::kernel {

inline constexpr pid_t kAllProcesses = -1;

struct TracerOptions {
  std::uint32_t ring_bytes = 8U << 20U;  // rounded up to a power of two of pages
  std::uint32_t counter_entries = 16384;
  std::uint32_t rest_entries = 2048;  // where they are full: by process, kind and size
  std::uint32_t open_growth_entries = 65536;
  std::uint32_t stack_entries = 8192;
  bool force_perf_uprobes = false;  // as if the kernel had no uprobe_multi
  // Whatever runs a probed binary counts, but for excluded processes; else only
  // added ones do.
  bool all_processes = false;
  bool end_records = true;  // of growths; else they end in the counters alone
};

// Whether only --detail buckets has it.
[[nodiscard]] bool is_of_buckets(const ProbeSite& site);

// Counters for every process of a host: as many as a fixed amount of memory holds (each
// has a value for each CPU), and never fewer than one trace has.
[[nodiscard]] std::uint32_t counter_entries_of_a_host();

// A counter of one key, summed over the CPUs.
struct CounterRow {
  gm_counter_key key;
  gm_counter value;
};

// The loaded BPF programs with their maps. Nothing is attached until attach(),
// nothing is counted until activate(). When it dies, all its probes are gone.
// Single-threaded; move-only.
class Tracer {
 public:
  // kPermission, kNoKernelFeature or kSystem, with what to do about it.
  [[nodiscard]] static Result<Tracer> load(const TracerOptions& options);

  Tracer(Tracer&&) noexcept;
  Tracer& operator=(Tracer&&) noexcept;
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;
  ~Tracer();

  // Counts hits of process `tgid` from now on (if its binary has probes).
  [[nodiscard]] Result<void> add_target(pid_t tgid);
  // Hits of process `tgid` don't count from now on, whichever binary it runs.
  [[nodiscard]] Result<void> exclude(pid_t tgid);

  // Puts `sites` of the file open as `fd` into process `pid` alone, where the
  // kernel can tell processes apart, else into all that run it (others are then
  // filtered at the hit); kAllProcesses: into those, now and later. `binary` comes
  // back in every record and counter. All or none: an error leaves no probe of
  // this call behind.
  [[nodiscard]] Result<void> attach(std::span<const ProbeSite> sites, std::uint32_t binary, int fd,
                                    pid_t pid);

  // Starts and ends are counted from activate() to deactivate().
  void activate();
  void deactivate();
  // Takes every probe out, or those of one binary, and waits for the ones that are
  // just being hit. Idempotent.
  void detach();
  void detach(std::uint32_t binary);
  // Takes out what only --detail buckets has; growths are counted on.
  void detach_buckets(std::uint32_t binary);

  // Hands all records that are in the ring to `visit`; a record of a wrong
  // size or of no known kind is counted in rejected_records().
  [[nodiscard]] Result<void> drain(const std::function<void(const gm_record&)>& visit);
  [[nodiscard]] std::uint64_t rejected_records() const;

  // Every counter there is, those of the overflow table too.
  [[nodiscard]] Result<std::vector<CounterRow>> counters() const;
  // The last word on processes that have gone: the counters of `tgids`, and
  // whatever else the kernel keeps of them, which is then forgotten.
  [[nodiscard]] Result<std::vector<CounterRow>> take_counters(
      const std::unordered_set<std::uint32_t>& tgids);
  // Growths of `tgids` that are under way will end without probes: their beginnings
  // are forgotten. After their probes were taken out.
  void forget_open(const std::unordered_set<std::uint32_t>& tgids);
  // Forgets the stacks that `in_use` has no id of, if there is room for few more;
  // how many went. One that is met again is walked again.
  [[nodiscard]] std::size_t make_room_for_stacks(const std::unordered_set<std::uint64_t>& in_use);

  // The frames of a stack id; nothing for 0 or one that was not kept.
  [[nodiscard]] std::optional<gm_stack> stack(std::uint64_t id) const;
  // What was kept of the type at `type` (less the load bias) that process `tgid`
  // made at run time; nothing for types of the executable itself.
  [[nodiscard]] std::optional<gm_type> made_type(std::uint32_t tgid, std::uint64_t type) const;
  [[nodiscard]] Result<Stats> stats() const;
  // All hits so far, those that did not count too; costs much less than stats().
  [[nodiscard]] Result<std::uint64_t> hits() const;

  // What a GrowthSampler shares with this: it must not outlive it.
  struct SharedTables {
    int targets = -1;
    int stacks = -1;
  };
  [[nodiscard]] SharedTables shared_tables() const;

  // "uprobe_multi" or "perf_event".
  [[nodiscard]] std::string_view attach_method() const;

 private:
  struct State;
  explicit Tracer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gomapd::kernel
