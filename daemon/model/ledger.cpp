// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/ledger.h"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <utility>

namespace gomapd::model {
namespace {

constexpr std::uint64_t kHistoryStepNs = 5'000'000'000;
constexpr std::size_t kHistoryPoints = 15 * 60 / 5;

// A counter that is lower than before was begun anew: its process took the number of
// one that has gone. All of it is new then.
std::uint64_t gain(std::uint64_t now, std::uint64_t before) {
  return now >= before ? now - before : now;
}

gm_kind kind_of(const gm_counter_key& key) {
  return key.kind < GM_KIND_COUNT ? static_cast<gm_kind>(key.kind) : GM_KIND_UNKNOWN;
}

go::Design design_of(gm_kind kind) {
  return kind >= GM_KIND_TO_TABLE ? go::Design::kSwiss : go::Design::kClassic;
}

struct Gain {
  std::uint64_t started = 0;
  std::uint64_t bytes = 0;
  std::uint64_t growing_ns = 0;
};

template <typename Totals>
void add(Totals& totals, const Gain& gain) {
  totals.growths += gain.started;
  totals.bytes += gain.bytes;
  totals.growing_ns += gain.growing_ns;
}

double rate(double growths, std::uint64_t ns) {
  return ns == 0 ? 0 : growths * 1e9 / static_cast<double>(ns);
}

}  // namespace

bool Ledger::RowKeyLess::operator()(const gm_counter_key& a, const gm_counter_key& b) const {
  return std::tie(a.stack, a.type, a.kind, a.old_log2) <
         std::tie(b.stack, b.type, b.kind, b.old_log2);
}

void Ledger::started(std::uint32_t pid, const ProcessFacts& facts) {
  if (knows(pid)) return;
  const auto key = place_of(pid, facts.identity);
  const auto workload = workloads_.try_emplace(key).first;
  auto& entry = workload->second;
  entry.totals.identity = key.first;
  entry.totals.pid = key.second;
  ++entry.processes;
  processes_.emplace(pid, ProcessEntry{facts, workload, {}});
}

Ledger::WorkloadKey Ledger::place_of(std::uint32_t pid, const Identity& identity) {
  static const WorkloadKey kOthers{{std::string(kOther), "", ""}, 0};
  WorkloadKey key{identity, options_.by_pid ? pid : 0};
  const auto own = workloads_.size() - workloads_.count(kOthers);
  if (own < options_.max_workloads || workloads_.contains(key)) return key;
  ++workloads_over_limit_;
  return kOthers;
}

void Ledger::update(std::span<const CounterRow> rows, Resolver& resolver, Reading reading) {
  for (const auto& row : rows) {
    const auto process = processes_.find(row.key.tgid);
    if (process != processes_.end())
      update_row(process->second, process->first, row, resolver, reading);
  }
  if (reading == Reading::kLast) return;  // only of some processes
  for (auto& [pid, process] : processes_) {
    if (!std::exchange(process.forgets_open, false)) continue;
    for (auto& [key, row] : process.rows)
      row.ends_unseen = row.before.started - std::min(row.before.started, row.before.finished);
  }
}

void Ledger::update_row(ProcessEntry& process, std::uint32_t pid, const CounterRow& row,
                        Resolver& resolver, Reading reading) {
  auto [found, is_new] = process.rows.try_emplace(row.key);
  auto& entry = found->second;
  if (is_new && !find_place(process, pid, row, entry, resolver, reading)) {
    process.rows.erase(found);
    return;
  }
  const auto& now = row.value;
  const auto& before = entry.before;
  const auto started = gain(now.started, before.started);
  const Gain more{.started = started,
                  .bytes = started * entry.bytes_each,
                  .growing_ns = gain(now.duration_ns, before.duration_ns)};
  const auto kind = kind_of(row.key);
  auto& totals = process.workload->second.totals;
  auto& design = totals.by_design[design_of(kind)];
  design.growths.at(kind) += started;
  design.durations.sum_ns += more.growing_ns;
  for (std::size_t i = 0; i < design.durations.counts.size(); ++i)
    design.durations.counts.at(i) +=
        static_cast<std::uint32_t>(now.durations[i] - before.durations[i]);
  totals.bytes += more.bytes;
  totals.growing_ns += more.growing_ns;
  totals.evacuated_buckets += gain(now.evacuated, before.evacuated);
  totals.slowest_ns = std::max<std::uint64_t>(totals.slowest_ns, now.max_duration_ns);
  auto& site = entry.site->totals;
  add(site, more);
  site.slowest_ns = std::max<std::uint64_t>(site.slowest_ns, now.max_duration_ns);
  site.max_keys = std::max<std::uint64_t>(site.max_keys, now.max_keys);
  add(*entry.stack, more);
  entry.stack->finished += gain(now.finished, before.finished);
  entry.before = now;
}

// What earlier windows turn out to stand for, and what ran after the last one, has nothing
// described: it is where all that were described before are. False: none were.
bool Ledger::place_as_before(WorkloadEntry& workload, double growths) {
  const auto is_its = [&](const auto& site) { return std::get<0>(site.first) == &workload; };
  double there = 0;
  double bytes = 0;
  for (const auto& [key, site] : sites_ | std::views::filter(is_its)) {
    there += site.totals.estimated;
    bytes += site.totals.estimated_bytes;
  }
  if (there <= 0) return false;
  const double times = growths / there;
  for (auto& [key, site] : sites_ | std::views::filter(is_its)) {
    site.totals.estimated += site.totals.estimated * times;
    site.totals.estimated_bytes += site.totals.estimated_bytes * times;
  }
  workload.totals.estimated_bytes += bytes * times;
  return true;
}

void Ledger::estimate(std::uint32_t pid, go::Design design, double growths, double variance,
                      std::span<const SampleRow> described, Resolver& resolver) {
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return;
  auto& workload = found->second.workload->second;
  auto& totals = workload.totals;
  totals.by_design[design].estimated += growths;
  totals.estimated_variance += variance;
  if (described.empty() && place_as_before(workload, growths)) return;
  // Those of which nothing was described, or not known yet what it means, are where the next
  // ones are.
  std::vector<const SampleRow*> known;
  std::uint64_t all = 0;
  for (const auto& row : described) {
    if (!resolver.is_ready(row.binary, pid, row.key)) continue;
    known.push_back(&row);
    all += row.described;
  }
  found->second.unplaced += growths;
  if (all == 0) return;
  const auto placed = std::exchange(found->second.unplaced, 0.0);
  for (const auto* one : known) {
    const auto& row = *one;
    const auto share = placed * static_cast<double>(row.described) / static_cast<double>(all);
    const auto& stack = resolver.stack(row.binary, row.key.stack);
    const auto& type = resolver.type(row.binary, pid, row.key.type);
    const auto bytes =
        share *
        static_cast<double>(growth_sizes(kind_of(row.key), row.key.old_log2, type.shape).bytes);
    totals.estimated_bytes += bytes;
    auto& site = site_of(workload, stack, type).totals;
    site.estimated += share;
    site.estimated_bytes += bytes;
    site.max_keys = std::max(site.max_keys, row.max_keys);
  }
}

void Ledger::forget_open(std::uint32_t pid) {
  const auto found = processes_.find(pid);
  if (found != processes_.end()) found->second.forgets_open = true;
}

// False: its stack, or what stack and type mean, is not there yet.
bool Ledger::find_place(ProcessEntry& process, std::uint32_t pid, const CounterRow& row, Row& entry,
                        Resolver& resolver, Reading reading) {
  if (reading == Reading::kMoreToCome && !resolver.is_ready(row.value.binary, pid, row.key))
    return false;
  const auto& stack = resolver.stack(row.value.binary, row.key.stack);
  if (stack.empty() && row.key.stack != 0 && reading == Reading::kMoreToCome) return false;
  const auto& type = resolver.type(row.value.binary, pid, row.key.type);
  auto& workload = process.workload->second;
  entry.bytes_each = growth_sizes(kind_of(row.key), row.key.old_log2, type.shape).bytes;
  entry.site = &site_of(workload, stack, type);
  entry.stack =
      &stack_of(workload, pid, shared(row.value.binary, row.key.stack, stack), shared(type));
  return true;
}

Ledger::SiteEntry& Ledger::site_of(WorkloadEntry& workload, const Stack& stack,
                                   const TypeInfo& type) {
  static const symbol::Frame kNowhere;
  const auto* user = user_frame(stack);
  const auto& frame = user == nullptr ? kNowhere : *user;
  SiteKey key{&workload, frame.function, frame.file, frame.line, type.name.value_or("")};
  auto found = sites_.find(key);
  if (found == sites_.end() && sites_.size() >= options_.max_sites) {
    ++sites_over_limit_;
    key = {&workload, std::string(kOther), "", 0, ""};
    found = sites_.find(key);
  }
  if (found != sites_.end()) return found->second;
  auto& site = sites_[key];
  std::tie(std::ignore, site.totals.function, site.totals.file, site.totals.line,
           site.totals.map_type) = key;
  return site;
}

HostStack& Ledger::stack_of(WorkloadEntry& workload, std::uint32_t pid,
                            std::shared_ptr<const Stack> stack,
                            std::shared_ptr<const TypeInfo> type) {
  static const auto kOtherStack = std::make_shared<const Stack>(
      Stack{symbol::Frame{.function = std::string(kOther), .file = "", .line = 0}});
  static const auto kNoType = std::make_shared<const TypeInfo>();
  StackKey key{&workload, pid, stack.get(), type.get()};
  auto found = stacks_.find(key);
  if (found == stacks_.end() && stacks_.size() >= options_.max_stacks) {
    ++stacks_over_limit_;
    stack = kOtherStack;
    type = kNoType;
    key = {&workload, pid, stack.get(), type.get()};
    found = stacks_.find(key);
  }
  if (found != stacks_.end()) return found->second;
  auto& entry = stacks_[key];
  entry.pid = pid;
  entry.stack = std::move(stack);
  entry.type = std::move(type);
  return entry;
}

std::shared_ptr<const Stack> Ledger::shared(std::uint32_t binary, std::uint64_t id,
                                            const Stack& stack) {
  auto& known = shared_stacks_[{binary, stack.empty() ? 0 : id}];
  auto result = known.lock();
  if (!result) known = result = std::make_shared<const Stack>(stack);
  return result;
}

// Growths of types alike are told apart by nobody.
std::shared_ptr<const TypeInfo> Ledger::shared(const TypeInfo& type) {
  auto& known = shared_types_[{type.name.value_or(""), type.shape.unit_bytes, type.shape.scan}];
  auto result = known.lock();
  if (!result) known = result = std::make_shared<const TypeInfo>(type);
  return result;
}

void Ledger::exited(std::uint32_t pid, std::uint64_t monotonic_ns) {
  const auto process = processes_.find(pid);
  if (process == processes_.end()) return;
  auto& workload = process->second.workload->second;
  if (--workload.processes == 0) workload.empty_since_ns = monotonic_ns;
  set_apart(process->second, pid, monotonic_ns);
  processes_.erase(process);
}

// The stacks of a process that goes, from those of another with its number.
void Ledger::set_apart(ProcessEntry& process, std::uint32_t pid, std::uint64_t monotonic_ns) {
  constexpr std::uint64_t kNoPid = std::uint64_t{1} << 32U;
  const auto* workload = &process.workload->second;
  const auto number = kNoPid + departures_++;
  Departed departed{monotonic_ns, {}};
  for (const auto& [key, row] : process.rows) {
    const auto* stack = row.stack->stack.get();
    const auto* type = row.stack->type.get();
    auto node = stacks_.extract(StackKey{workload, pid, stack, type});
    if (!node) continue;  // several rows have one stack
    node.key() = StackKey{workload, number, stack, type};
    departed.stacks.push_back(node.key());
    stacks_.insert(std::move(node));
  }
  if (!departed.stacks.empty()) departed_.push_back(std::move(departed));
}

// Sooner than profiles want it where there are too many: they then lack some.
void Ledger::fold_departed(std::uint64_t monotonic_ns) {
  const auto span = static_cast<std::uint64_t>(std::chrono::nanoseconds(kProfileSpan).count());
  while (!departed_.empty()) {
    const bool is_old = monotonic_ns - departed_.front().monotonic_ns >= span;
    if (!is_old && stacks_.size() <= options_.max_stacks / 2) return;
    if (!is_old) ++stacks_over_limit_;
    for (const auto& key : departed_.front().stacks) {
      auto node = stacks_.extract(key);
      if (!node) continue;  // its workload has ended
      const auto& [workload, number, stack, type] = key;
      auto& gone = node.mapped();
      gone.pid = 0;
      auto [past, is_new] = stacks_.try_emplace(StackKey{workload, 0, stack, type}, gone);
      if (is_new) continue;
      past->second.growths += gone.growths;
      past->second.finished += gone.finished;
      past->second.bytes += gone.bytes;
      past->second.growing_ns += gone.growing_ns;
    }
    departed_.pop_front();
  }
}

void Ledger::advance(std::uint64_t monotonic_ns) {
  const auto linger = static_cast<std::uint64_t>(options_.linger.count());
  for (auto workload = workloads_.begin(); workload != workloads_.end();) {
    const auto next = std::next(workload);
    const auto& entry = workload->second;
    if (entry.processes == 0 && monotonic_ns - entry.empty_since_ns >= linger)
      end_workload(workload);
    workload = next;
  }
  fold_departed(monotonic_ns);
  if (remembered() >= prune_at_) forget_unused();
  const auto passed = advanced_ns_ == 0 ? 0 : monotonic_ns - advanced_ns_;
  advanced_ns_ = monotonic_ns;
  if (point_ns_ == 0) point_ns_ = monotonic_ns;
  // All at the same moments, so that histories can be added up.
  const auto since_point = monotonic_ns - point_ns_;
  const bool is_point = since_point >= kHistoryStepNs;
  if (is_point) point_ns_ = monotonic_ns;
  for (auto& [key, entry] : workloads_) {
    auto& totals = entry.totals;
    const auto growths = static_cast<double>(totals.growths()) + totals.estimated();
    totals.growths_per_second =
        rate(growths - std::exchange(entry.growths_before, growths), passed);
    if (!is_point) continue;
    if (totals.history.size() >= kHistoryPoints) totals.history.erase(totals.history.begin());
    totals.history.push_back(
        {monotonic_ns,
         rate(growths - std::exchange(entry.growths_at_point, growths), since_point)});
  }
  for (auto& [key, entry] : sites_) {
    const auto growths = static_cast<double>(entry.totals.growths) + entry.totals.estimated;
    entry.totals.growths_per_second =
        rate(growths - std::exchange(entry.growths_before, growths), passed);
  }
}

void Ledger::end_workload(Workloads::iterator workload) {
  const auto* entry = &workload->second;
  const auto is_its = [&](const auto& one) { return std::get<0>(one.first) == entry; };
  std::erase_if(sites_, is_its);
  std::erase_if(stacks_, is_its);
  workloads_.erase(workload);
  forget_unused();
}

void Ledger::forget_unused() {
  const auto is_unused = [](const auto& one) { return one.second.expired(); };
  std::erase_if(shared_stacks_, is_unused);
  std::erase_if(shared_types_, is_unused);
  prune_at_ = std::max(kLeastToPrune, 2 * remembered());
}

void Ledger::fill(HostState& state) const {
  std::map<const WorkloadEntry*, std::size_t> index_of;
  state.workloads.reserve(workloads_.size());
  for (const auto& [key, entry] : workloads_) {
    index_of[&entry] = state.workloads.size();
    auto& workload = state.workloads.emplace_back(entry.totals);
    for (auto& point : workload.history) point.time_ns = state.realtime_of(point.time_ns);
  }
  for (const auto& [pid, process] : processes_) {
    auto& workload = state.workloads[index_of.at(&process.workload->second)];
    workload.processes.push_back(
        {pid, process.facts.go_version, state.realtime_of(process.facts.since_monotonic_ns)});
    for (const auto& [key, row] : process.rows)
      workload.in_progress +=
          row.before.started - std::min(row.before.started, row.before.finished + row.ends_unseen);
  }
  for (auto& workload : state.workloads)
    std::ranges::sort(workload.processes, {}, &HostProcess::pid);
  state.sites.reserve(sites_.size());
  for (const auto& [key, entry] : sites_)
    // Not where growths only ended that had begun before.
    if (entry.totals.growths != 0 || entry.totals.estimated > 0)
      state.sites.emplace_back(entry.totals).workload = index_of.at(std::get<0>(key));
  state.stacks.reserve(stacks_.size());
  for (const auto& [key, stack] : stacks_)
    state.stacks.emplace_back(stack).workload = index_of.at(std::get<0>(key));
  state.workloads_over_limit = workloads_over_limit_;
  state.sites_over_limit = sites_over_limit_;
  state.stacks_over_limit = stacks_over_limit_;
}

}  // namespace gomapd::model
