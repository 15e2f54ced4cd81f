// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// What is done once a second: the books, what probes cost, storms, and the state that
// all readers see.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "daemon/app/clock.h"
#include "daemon/app/host.h"
#include "daemon/export/terminal.h"
#include "daemon/kernel/features.h"
#include "daemon/proc/cpu_time.h"

namespace gomapd::app {
namespace {

constexpr std::uint64_t kSampleEveryNs = 2'000'000'000;
// Time in probes that is not waited for a second over.
constexpr double kSuddenNs = 20e6;
// All ids of stacks are gone through for it.
constexpr std::uint64_t kMakeRoomEveryNs = 10'000'000'000;
// Where nothing is hit, the CPU time of each process is asked for as seldom: far more often than
// what was earned and not spent is forfeited.
constexpr std::uint64_t kQuietUseEveryNs = 3'000'000'000;

std::string busiest_site(const model::HostState& state, std::size_t workload) {
  const model::HostSite* busiest = nullptr;
  for (const auto& site : state.sites)
    if (site.workload == workload &&
        (busiest == nullptr || site.growths_per_second > busiest->growths_per_second))
      busiest = &site;
  if (busiest == nullptr) return "no known site";
  return fmt::format("{} ({}:{}), {}", busiest->function,
                     busiest->file.substr(busiest->file.rfind('/') + 1), busiest->line,
                     busiest->map_type);
}

model::DetailLevel detail_level(model::ProbeLevel level) {
  switch (level) {
    case model::ProbeLevel::kSampled: return model::DetailLevel::kOff;
    case model::ProbeLevel::kGrowth: return model::DetailLevel::kGrowth;
    case model::ProbeLevel::kBuckets: return model::DetailLevel::kBuckets;
  }
  return model::DetailLevel::kOff;
}

}  // namespace

// Rows change with hits alone, so they are not read again where nothing was hit for two
// readings: a program that is preempted between counting its hit and its row will have
// gone on by then.
Result<void> Host::read_rows() {
  const auto hits = TRY(tracer_.hits());
  quiet_readings_ = hits == rows_hits_ ? quiet_readings_ + 1 : 0;
  rows_hits_ = hits;
  if (is_quiet()) return {};
  rows_ = rows_of(TRY(tracer_.counters()));
  return {};
}

Result<std::shared_ptr<const model::HostState>> Host::take_stock() {
  resolver_.wait_at_most(kForNames);
  TRY_VOID(drain());
  TRY_VOID(read_rows());
  const auto& rows = rows_;
  adopt_strangers(rows);
  ledger_.update(rows, resolver_, model::Ledger::Reading::kMoreToCome);
  const auto uses = TRY(govern(rows));
  TRY_VOID(bury());
  let_binaries_go();
  // Their counts go on, without names of functions and types that were not asked for yet.
  for (const auto& failure : binaries_table_.rest_readers()) {
    count_failure(Errc::kReaderFailed);
    spdlog::warn("{}", exporter::escape(failure));
  }
  for (const auto& loss : TRY(workshop_->tend())) {
    ++workshops_lost_;
    spdlog::warn("{}; another one takes its place", loss);
  }
  auto state = std::make_shared<model::HostState>();
  const auto now = monotonic_ns();
  state->time_ns = realtime_ns();
  state->monotonic_ns = now;
  state->began_ns = began_realtime_ns_;
  state->running_ns = now - began_monotonic_ns_;
  ledger_.advance(now);
  if (now - made_room_ns_ >= kMakeRoomEveryNs) {
    std::unordered_set<std::uint64_t> stacks;
    for (const auto& row : rows) stacks.insert(row.key.stack);
    (void)tracer_.make_room_for_stacks(stacks);
    made_room_ns_ = now;
  }
  if (now - sampled_ns_ >= kSampleEveryNs) {
    live_maps_.sample(state->time_ns);
    sampled_ns_ = now;
  }
  ledger_.fill(*state);
  live_maps_.fill(*state);
  watch_for_storms(*state, now);
  tell_overhead(uses, *state);
  count_processes(*state);
  TRY_VOID(tell_health(*state));
  return state;
}

void Host::watch_for_storms(model::HostState& state, std::uint64_t now_ns) {
  const auto seconds = stock_ns_ == 0 ? 0.0 : static_cast<double>(now_ns - stock_ns_) / 1e9;
  stock_ns_ = now_ns;
  decltype(storms_) still_there;
  for (std::size_t i = 0; i < state.workloads.size(); ++i) {
    auto& workload = state.workloads[i];
    auto entry = storms_[{workload.identity, workload.pid}];
    const auto change = entry.storm.update(workload.growths_per_second, seconds, options_.storm);
    if (change == model::Storm::Change::kBegan) {
      entry.since_monotonic_ns = now_ns;
      spdlog::warn("{}: a growth storm: {:.0f} growths a second, usually {:.0f}; most at {}",
                   exporter::escape(workload.identity.exe), workload.growths_per_second,
                   entry.storm.usual_rate(), exporter::escape(busiest_site(state, i)));
    } else if (change == model::Storm::Change::kEnded) {
      spdlog::warn("{}: the growth storm is over", exporter::escape(workload.identity.exe));
    }
    workload.storm = entry.storm.is_on();
    workload.storm_since_ns = workload.storm ? state.realtime_of(entry.since_monotonic_ns) : 0;
    still_there.emplace(std::pair{workload.identity, workload.pid}, entry);
  }
  storms_ = std::move(still_there);
}

// What probes cost, and what of them is affordable from now on.
Result<ProbeUses> Host::govern(std::span<const model::CounterRow> rows) {
  if (is_quiet() && governing_->counts_all() && monotonic_ns() - used_ns_ < kQuietUseEveryNs)
    return ProbeUses{};
  auto uses = measure_use(rows);
  const auto hits = TRY(tracer_.hits());
  const auto now = monotonic_ns();
  const auto passed = static_cast<double>(now - std::exchange(used_ns_, now));
  hits_per_ns_ = static_cast<double>(hits - std::exchange(stock_hits_, hits)) / passed;
  governing_->collect(ledger_, resolver_, uses);
  std::vector<Governed> traced;
  for (const auto* entry : binaries_.traced())
    traced.push_back({.number = entry->number, .name = entry->name, .processes = entry->processes});
  governing_->advance(traced, uses, passed / 1e9, ledger_);
  return uses;
}

ProbeUses Host::measure_use(std::span<const model::CounterRow> rows) {
  struct Hits {
    std::uint64_t all = 0;
    std::uint64_t buckets = 0;
  };
  std::unordered_map<std::uint32_t, Hits> hits;
  for (const auto& [key, value] : rows) {
    auto& own = hits[key.tgid];
    own.all += hits_of(value);
    own.buckets += bucket_hits_of(key, value);
  }
  ProbeUses uses;
  for (auto& [pid, known] : processes_) {
    if (known.fate != Fate::kTraced) continue;
    const auto now = hits[pid];
    const auto cpu_ns = proc::cpu_time_ns(static_cast<pid_t>(pid)).value_or(known.cpu_ns);
    const auto more = now.all - std::exchange(known.hits, now.all);
    uses[pid] = {.probe_ns = static_cast<double>(more) * hit_cost_.ns,
                 .cpu_ns = static_cast<double>(cpu_ns - std::exchange(known.cpu_ns, cpu_ns)),
                 .bucket_hits = static_cast<double>(now.buckets -
                                                    std::exchange(known.bucket_hits, now.buckets))};
  }
  return uses;
}

void Host::tell_overhead(const ProbeUses& uses, model::HostState& state) const {
  for (auto& workload : state.workloads) {
    double probing_ns = 0;
    double running_ns = 0;
    auto lowest = governing_->wanted();
    for (const auto& process : workload.processes) {
      if (const auto use = uses.find(process.pid); use != uses.end()) {
        probing_ns += use->second.probe_ns;
        running_ns += use->second.cpu_ns;
      }
      if (const auto known = processes_.find(process.pid); known != processes_.end())
        if (const auto number = binaries_.number_of(known->second.file))
          lowest = std::min(lowest, governing_->level(*number));
    }
    workload.overhead = running_ns > 0 ? std::min(1.0, probing_ns / running_ns) : 0;
    workload.sampled = lowest == model::ProbeLevel::kSampled;
    workload.detail = detail_level(lowest);
  }
}

Result<bool> Host::is_pressed() {
  const auto hits = TRY(tracer_.hits());
  const auto more = static_cast<double>(hits - stock_hits_);
  const auto expected = hits_per_ns_ * static_cast<double>(monotonic_ns() - used_ns_);
  return more * hit_cost_.ns > kSuddenNs && more > 2 * expected;
}

void Host::count_processes(model::HostState& state) const {
  for (const auto& [pid, known] : processes_) {
    if (known.fate == Fate::kTraced) ++state.processes_traced;
    if (known.fate == Fate::kFailed) ++state.processes_failed;
    if (known.fate == Fate::kSkipped && binaries_.traces(known.file)) ++state.processes_skipped;
  }
  state.attach_failures = failures_;
  state.reader_workshops_lost = workshops_lost_;
}

Result<void> Host::tell_health(model::HostState& state) const {
  const auto stats = TRY(tracer_.stats());
  state.probe_hits = {{"growth_start", stats.at(GM_STAT_HITS_START)},
                      {"growth_end", stats.at(GM_STAT_HITS_END)},
                      {"evacuate", stats.at(GM_STAT_HITS_EVACUATE)},
                      {"sampled", governing_->sampled_hits()}};
  state.events_lost = stats.at(GM_STAT_RING_FULL) + tracer_.rejected_records();
  state.model_divergences = divergences_.count() + stats.at(GM_STAT_IMPOSSIBLE);
  state.counters_over_limit = stats.at(GM_STAT_COUNTERS_FULL) + stats.at(GM_STAT_UNCOUNTED);
  state.stacks_over_limit += stats.at(GM_STAT_STACKS_FULL);
  state.process_events_lost = events_ ? events_->lost() : 0;
  state.version = GOMAPD_VERSION;
  const auto kernel = kernel::running_kernel();
  state.kernel = fmt::format("{}.{}", kernel.major, kernel.minor);
  state.attach_method = tracer_.attach_method();
  state.max_overhead = options_.max_overhead;
  state.ready = true;
  return {};
}

}  // namespace gomapd::app
