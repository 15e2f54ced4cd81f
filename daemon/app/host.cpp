// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/host.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "daemon/app/clock.h"
#include "daemon/export/terminal.h"
#include "daemon/kernel/features.h"
#include "daemon/kernel/growth_cost.h"
#include "daemon/proc/cgroup.h"
#include "daemon/proc/cpu_time.h"
#include "daemon/proc/process.h"
#include "daemon/proc/process_list.h"

namespace gomapd::app {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

// Of records whose names are being asked for; further ones stay without names.
constexpr std::size_t kMostHeld = 16384;
// Where no events tell of processes.
constexpr seconds kScanWithoutEvents{1};
// Few enough for a label.
std::string_view label_of(Errc code) {
  switch (code) {
    case Errc::kPermission: return "permission";
    case Errc::kNoKernelFeature: return "kernel";
    case Errc::kUnsupported: return "unsupported";
    case Errc::kMalformed: return "malformed";
    case Errc::kReaderFailed: return "reader_failed";
    default: return "system";
  }
}

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

model::ProbeLevel wanted_level(Detail detail) {
  return detail == Detail::kBuckets ? model::ProbeLevel::kBuckets : model::ProbeLevel::kGrowth;
}

// Null, with a line in the log, where growths can't be sampled.
std::unique_ptr<GrowthWindows> growth_windows(const HostOptions& options,
                                              const kernel::Tracer& tracer) {
  auto sampler = kernel::GrowthSampler::load(
      {.force_perf_uprobes = options.force_perf_uprobes, .all_processes = true}, tracer);
  if (sampler)
    return std::make_unique<GrowthWindows>(*std::move(sampler),
                                           kShareOfWindows * options.max_overhead);
  spdlog::warn("what growths cost can't be bounded: {}", sampler.error().context);
  return nullptr;
}

}  // namespace

Result<std::unique_ptr<Host>> Host::create(const HostOptions& options,
                                           analyst::Workshop* workshop) {
  TRY_VOID(kernel::check_prerequisites());
  const auto counters = kernel::counter_entries_of_a_host();
  auto tracer = TRY(kernel::Tracer::load({.ring_bytes = options.ring_bytes,
                                          .counter_entries = counters,
                                          .rest_entries = counters / 4,
                                          .stack_entries = 32768,
                                          .force_perf_uprobes = options.force_perf_uprobes,
                                          .all_processes = true,
                                          .end_records = false}));
  auto windows = growth_windows(options, tracer);
  auto analyser = TRY(Analyser::create(workshop));
  std::unique_ptr<Host> host(
      new Host(options, std::move(tracer), std::move(analyser), std::move(windows), workshop));
  // First the events, then the scan: what comes in between is seen by both.
  auto events = kernel::ProcessEvents::open();
  if (events) {
    host->events_ = *std::move(events);
  } else {
    spdlog::warn("processes are looked for once a second: {}", events.error().context);
  }
  host->tracer_.activate();
  TRY_VOID(host->scan());
  return host;
}

Host::Host(const HostOptions& options, kernel::Tracer tracer, std::unique_ptr<Analyser> analyser,
           std::unique_ptr<GrowthWindows> windows, analyst::Workshop* workshop)
    : options_(options),
      workshop_(workshop),
      tracer_(std::move(tracer)),
      analyser_(std::move(analyser)),
      resolver_(&binaries_table_, &tracer_),
      binaries_(analyser_.get(), &tracer_, &binaries_table_, options.detail),
      libraries_(workshop),
      ledger_(options.ledger),
      hit_cost_(kernel::measure_growth_hit_cost(options.force_perf_uprobes)),
      governing_(std::make_unique<Governing>(
          model::GovernorRules{
              .max_overhead = options.max_overhead,
              .up_after_s = std::chrono::duration<double>(options.recover_after).count()},
          wanted_level(options.detail), Governing::Costs{.exact = hit_cost_}, &tracer_,
          &binaries_table_, std::move(windows))),
      began_realtime_ns_(realtime_ns()),
      began_monotonic_ns_(monotonic_ns()),
      used_ns_(began_monotonic_ns_) {}

Host::~Host() {
  workshop_->close();
}

std::vector<int> Host::inputs() const {
  std::vector<int> fds{analyser_->fd()};
  if (events_) fds.push_back(events_->fd());
  return fds;
}

Result<void> Host::attend() {
  resolver_.wait_at_most(kForNames);
  if (events_) {
    std::vector<gm_process_event> events;
    TRY_VOID(events_->drain([&](const gm_process_event& event) { events.push_back(event); }));
    TRY_VOID(follow(events));
  }
  const auto interval = events_ ? options_.scan_interval : kScanWithoutEvents;
  const bool missed_some = events_ && events_->lost() != events_lost_;
  if (missed_some || Clock::now() - last_scan_ >= interval) TRY_VOID(scan());
  settle();
  look_for_libraries();
  return drain();
}

Result<void> Host::follow(std::span<const gm_process_event> events) {
  // Who has run another program by now is not asked what it was before.
  std::unordered_set<std::uint32_t> with_exec;
  for (const auto& event : events)
    if (event.change == GM_PROCESS_EXEC) with_exec.insert(event.tgid);
  for (const auto& event : events) {
    if (event.change == GM_PROCESS_FORK) {
      if (!with_exec.contains(event.tgid)) TRY_VOID(forked(event.parent, event.tgid));
      continue;
    }
    left(event.tgid);  // before an exec, as another program
    if (event.change == GM_PROCESS_EXEC) TRY_VOID(examine(event.tgid));
  }
  return {};
}

// Analyses that have ended.
void Host::settle() {
  for (const auto* entry : binaries_.settle()) {
    if (entry->standing == HostBinaries::Standing::kRefused)
      spdlog::warn("{}", exporter::escape(entry->reason));
    for (const auto pid : entry->processes)
      if (const auto known = processes_.find(pid); known != processes_.end())
        judge(pid, known->second, *entry);
    if (entry->standing != HostBinaries::Standing::kTraced) continue;
    const auto& file = binaries_table_.at(entry->number).file.id();
    // Others that run it, and are not wanted.
    for (const auto& [pid, known] : processes_)
      if (known.fate == Fate::kSkipped && known.file == file) exclude(pid);
  }
}

Result<void> Host::scan() {
  last_scan_ = Clock::now();
  look_for_deleted_ = true;
  if (events_) events_lost_ = events_->lost();
  std::unordered_set<std::uint32_t> there;
  for (const auto& [pid, start_ticks] : TRY(proc::list_processes())) {
    const auto id = static_cast<std::uint32_t>(pid);
    there.insert(id);
    const auto known = processes_.find(id);
    if (known != processes_.end() && known->second.start_ticks == start_ticks) continue;
    left(id);
    TRY_VOID(examine(id));
  }
  std::vector<std::uint32_t> missing;
  for (const auto& [pid, known] : processes_)
    if (!there.contains(pid)) missing.push_back(pid);
  for (const auto pid : missing) left(pid);
  return {};
}

Result<void> Host::examine(std::uint32_t pid) {
  const auto id = static_cast<pid_t>(pid);
  TRY_VOID(make_way_for(pid));
  auto process = proc::Process::open(id);
  const auto start_ticks = proc::start_ticks_of(id);
  if (!start_ticks || (!process && process.error().code == Errc::kGone)) return {};
  auto& known = processes_[pid];
  known = {};
  known.start_ticks = *start_ticks;
  if (!process) {
    // Whether it is a Go process can't be told; only that it could not be looked at.
    known.fate = Fate::kNotGo;
    if (process.error().code != Errc::kNotGo) count_failure(process.error().code);
    return {};
  }
  known.file = process->file.id();
  known.identity.exe = base_name(process->exe);
  if (auto cgroup = proc::cgroup_identity_of(id)) {
    known.identity.unit = std::move(cgroup->unit);
    known.identity.container_id = std::move(cgroup->container_id);
  }
  if (!model::is_selected(options_.selection, known.identity, process->exe)) {
    known.fate = Fate::kSkipped;
    if (binaries_.traces(known.file)) exclude(pid);
    return {};
  }
  judge(pid, known, binaries_.started(pid, std::move(process->file), process->exe));
  return {};
}

void Host::judge(std::uint32_t pid, Known& known, const HostBinaries::Entry& entry) {
  using enum HostBinaries::Standing;
  switch (entry.standing) {
    case kAnalysing: known.fate = Fate::kPending; return;
    case kNotGo:
      known.fate = Fate::kNotGo;
      libraries_.watch({.pid = pid, .start_ticks = known.start_ticks}, Clock::now());
      return;
    case kRefused:
      known.fate = Fate::kFailed;
      count_failure(entry.code);
      return;
    case kTraced: break;
  }
  known.fate = Fate::kTraced;
  known.cpu_ns = proc::cpu_time_ns(static_cast<pid_t>(pid)).value_or(0);
  const auto& version = binaries_table_.at(entry.number).plan.build_info.version;
  ledger_.started(pid, {known.identity, version, monotonic_ns()});
}

// A process that runs what its parent runs, Go code of the same file: a C program with a
// Go library does that, rarely a Go program.
Result<void> Host::forked(std::uint32_t parent, std::uint32_t child) {
  const auto origin = processes_.find(parent);
  if (origin == processes_.end() || processes_.contains(child)) return {};
  auto known = origin->second;
  const bool is_excluded = known.fate == Fate::kSkipped && binaries_.traces(known.file);
  if (known.fate != Fate::kTraced && known.fate != Fate::kPending && !is_excluded) return {};
  TRY_VOID(make_way_for(child));
  // None: it has ended by now, as an event will tell.
  known.start_ticks = proc::start_ticks_of(static_cast<pid_t>(child)).value_or(0);
  known.hits = 0;
  auto& entry = processes_[child] = std::move(known);
  if (is_excluded) {
    exclude(child);
    return {};
  }
  if (const auto* binary = binaries_.joined(child, entry.file)) judge(child, entry, *binary);
  return {};
}

void Host::look_for_libraries() {
  const auto now = Clock::now();
  const auto is_open = [&](const HostLibraries::Look& look) {
    const auto known = processes_.find(look.pid);
    return known != processes_.end() && known->second.start_ticks == look.start_ticks &&
           known->second.fate == Fate::kNotGo;
  };
  for (const auto& look : libraries_.due(now))
    if (is_open(look)) libraries_.search(look);
  for (auto& found : libraries_.take()) {
    auto look = found.look;
    if (!is_open(look)) continue;
    auto& known = processes_.at(look.pid);
    settle_library(look.pid, known, std::move(found.library));
    ++look.number;
    if (known.fate == Fate::kNotGo) libraries_.watch(look, now);
  }
}

void Host::settle_library(std::uint32_t pid, Known& known,
                          Result<std::optional<proc::Library>> library) {
  if (!library) {
    known.fate = Fate::kFailed;
    count_failure(library.error().code);
    spdlog::warn("process {} ({}): {}", pid, exporter::escape(known.identity.exe),
                 exporter::escape(library.error().context));
    exclude(pid);  // it may be probed for others
    return;
  }
  if (!*library) return;
  binaries_.exited(pid, known.file);
  known.file = (*library)->file.id();
  judge(pid, known, binaries_.started(pid, std::move((*library)->file), (*library)->path));
}

void Host::count_failure(Errc code) {
  ++failures_[std::string(label_of(code))];
}

// Where there is no room for one more, it costs its hits; the ledger leaves it out.
void Host::exclude(std::uint32_t pid) {
  if (const auto excluded = tracer_.exclude(static_cast<pid_t>(pid)); !excluded)
    spdlog::warn("{}", excluded.error().context);
}

// Records whose types and stacks are not known yet wait for them.
Result<void> Host::drain() {
  std::set<std::uint32_t> waiting;  // binaries: one question at a time
  const auto take = [&](const gm_record& record) {
    if (held_.size() < kMostHeld && (waiting.contains(record.binary) ||
                                     !resolver_.is_ready(record.binary, record.tgid, record.key))) {
      waiting.insert(record.binary);
      held_.push_back(record);
      return;
    }
    const auto event = model::decode(record, began_monotonic_ns_, resolver_);
    divergences_.add(event);
    live_maps_.growth(event);
  };
  for (const auto& record : std::exchange(held_, {})) take(record);
  return tracer_.drain(take);
}

void Host::show(MapWatch& watch) const {
  for (const auto& key : watch.wanted(Clock::now())) {
    auto sight = live_maps_.look(key, realtime_ns());
    if (!sight)
      watch.put(key, nullptr);
    else if (*sight)
      watch.put(key, *std::move(sight));
  }
}

void Host::reload(const HostOptions& options) {
  const bool judge_anew = !(options.selection == options_.selection);
  options_.selection = options.selection;
  options_.storm = options.storm;
  options_.ledger = options.ledger;
  ledger_.set_options(options.ledger);
  if (!judge_anew) return;
  std::vector<std::uint32_t> all;
  for (const auto& [pid, known] : processes_) all.push_back(pid);
  for (const auto pid : all) left(pid);
  last_scan_ = {};  // attend() looks at them again
}

}  // namespace gomapd::app
