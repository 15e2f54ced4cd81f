// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/trace.h"

#include <algorithm>

namespace gomapd::model {
namespace {

// h.noverflow counts every overflow bucket up to B = 15 and samples above.
// go1.15 to go1.25 runtime/map.go: incrnoverflow
constexpr unsigned kExactOverflowB = 16;

gm_kind kind_of(const gm_counter_key& key) {
  return key.kind < GM_KIND_COUNT ? static_cast<gm_kind>(key.kind) : GM_KIND_UNKNOWN;
}

gm_record_kind what_of(const gm_record& record) {
  switch (record.kind) {
    case GM_RECORD_STARTED: return GM_RECORD_STARTED;
    case GM_RECORD_EVACUATED: return GM_RECORD_EVACUATED;
    case GM_RECORD_PRUNED: return GM_RECORD_PRUNED;
    default: return GM_RECORD_FINISHED;
  }
}

go::Design design_of(gm_kind kind) {
  return kind >= GM_KIND_TO_TABLE ? go::Design::kSwiss : go::Design::kClassic;
}

// 64 bits that tell a live map from another at the same address later. A map on
// a goroutine's stack moves with it: there the goroutine stands for the address.
std::uint64_t identity(const gm_record& record) {
  const bool moves = (record.flags & GM_FLAG_ON_STACK) != 0;
  std::uint64_t hash = record.tgid;
  for (const auto part : {moves ? record.goid : record.go_map, record.seed}) {
    hash = (hash ^ part) * 0x9e3779b97f4a7c15ULL;
    hash ^= hash >> 32;
  }
  return hash;
}

Counts counts_of(const gm_counter& value) {
  return {.started = value.started,
          .finished = value.finished,
          .finished_only = value.finished_only,
          .evacuated = value.evacuated,
          .pruned = value.pruned};
}

void add(Counts& counts, const Counts& more) {
  counts.started += more.started;
  counts.finished += more.finished;
  counts.finished_only += more.finished_only;
  counts.evacuated += more.evacuated;
  counts.pruned += more.pruned;
}

Cost cost_of(const gm_counter& value, std::uint64_t bytes_each) {
  return {.bytes = value.started * bytes_each,
          .growing_ns = value.duration_ns,
          .slowest_ns = value.max_duration_ns};
}

void add(Cost& cost, const Cost& more) {
  cost.bytes += more.bytes;
  cost.growing_ns += more.growing_ns;
  cost.slowest_ns = std::max(cost.slowest_ns, more.slowest_ns);
}

using SiteKey = std::tuple<std::string, std::string, std::int32_t, std::optional<std::string>>;

SiteKey site_key(const Stack& stack, const TypeInfo& type) {
  const auto* frame = user_frame(stack);
  if (frame == nullptr) return {"", "", 0, type.name};
  return {frame->function, frame->file, frame->line, type.name};
}

std::vector<SiteSummary> sites_of(std::span<const StackSummary> stacks, const SeenMaps& seen,
                                  Resolver& resolver) {
  std::map<SiteKey, SiteSummary> by_key;
  for (const auto& stack : stacks) {
    auto& site = by_key[site_key(*stack.stack, *stack.type)];
    add(site.counts, stack.counts);
    add(site.cost, stack.cost);
    site.max_keys = std::max(site.max_keys, stack.max_keys);
  }
  std::map<SiteKey, std::unordered_set<std::uint64_t>> go_maps;
  for (const auto& [key, identities] : seen.by_key()) {
    const auto& type = resolver.type(key.binary, key.pid, key.type);
    go_maps[site_key(resolver.stack(key.binary, key.stack), type)].insert(identities.begin(),
                                                                          identities.end());
  }
  std::vector<SiteSummary> sites;
  for (auto& [key, site] : by_key) {
    std::tie(site.function, site.file, site.line, site.type) = key;
    if (const auto found = go_maps.find(key); found != go_maps.end())
      site.go_maps = found->second.size();
    sites.push_back(std::move(site));
  }
  std::ranges::stable_sort(sites, std::greater<>{},
                           [](const SiteSummary& site) { return site.counts.started; });
  return sites;
}

}  // namespace

const symbol::Frame* user_frame(const Stack& stack) {
  const auto found = std::ranges::find(stack, false, &symbol::Frame::runtime_map);
  return found == stack.end() ? nullptr : &*found;
}

bool is_truncated(const Stack& stack) {
  return !stack.empty() && stack.back().callers_missing;
}

GrowthEvent decode(const gm_record& record, std::uint64_t tracing_since_ns, Resolver& resolver) {
  GrowthEvent event;
  event.what = what_of(record);
  event.monotonic_ns = record.time_ns;
  event.pid = record.tgid;
  event.tid = record.tid;
  event.goid = record.goid;
  event.address = record.go_map;
  event.identity = identity(record);
  event.seed = record.seed;
  event.on_goroutine_stack = (record.flags & GM_FLAG_ON_STACK) != 0;
  event.kind = kind_of(record.key);
  event.design = event.what == GM_RECORD_PRUNED ? go::Design::kSwiss : design_of(event.kind);
  event.type = &resolver.type(record.binary, record.tgid, record.key.type);
  event.stack = &resolver.stack(record.binary, record.key.stack);
  event.sizes = growth_sizes(event.kind, record.key.old_log2, event.type->shape);
  switch (event.what) {
    case GM_RECORD_EVACUATED:
      event.bucket = record.keys;
      event.evacuated = record.go_map_keys;
      break;
    case GM_RECORD_PRUNED: event.tombstones_removed = record.keys; break;
    default: event.keys = record.keys; event.go_map_keys = record.go_map_keys;
  }
  event.reason = growth_reason(event.kind, record.keys, event.sizes.old_buckets);
  event.overflow_buckets = record.overflow_buckets;
  event.overflow_is_estimate = record.key.old_log2 >= kExactOverflowB;
  event.began_before = (record.flags & GM_FLAG_BEGAN_BEFORE) != 0;
  event.directory_doubles = (record.flags & GM_FLAG_DIRECTORY_GROWS) != 0;
  event.duration_ns = event.began_before ? record.time_ns - std::min<std::uint64_t>(
                                                                record.time_ns, tracing_since_ns)
                                         : record.duration_ns;
  return event;
}

void SeenMaps::add(const gm_record& record) {
  if (is_full()) return;
  const Key key{record.tgid, record.binary, record.key.stack, record.key.type};
  if (by_key_[key].insert(identity(record)).second) ++total_;
}

Summary summarize(std::span<const CounterRow> rows, std::span<const Process> processes,
                  const SeenMaps& seen, Resolver& resolver) {
  Summary summary;
  summary.go_maps_exact = !seen.is_full();
  std::unordered_map<std::uint32_t, std::size_t> process_index;
  for (const auto& process : processes) {
    process_index.emplace(process.pid, summary.processes.size());
    summary.processes.push_back({.process = process, .counts = {}, .cost = {}, .by_kind = {}});
  }

  std::map<SeenMaps::Key, StackSummary> stacks;
  for (const auto& [key, value] : rows) {
    const auto kind = kind_of(key);
    const auto& type = resolver.type(value.binary, key.tgid, key.type);
    const auto counts = counts_of(value);
    const auto cost = cost_of(value, growth_sizes(kind, key.old_log2, type.shape).bytes);
    add(summary.counts, counts);
    add(summary.cost, cost);
    summary.by_kind.at(kind) += value.started;
    if (const auto found = process_index.find(key.tgid); found != process_index.end()) {
      auto& process = summary.processes[found->second];
      add(process.counts, counts);
      add(process.cost, cost);
      process.by_kind.at(kind) += value.started;
    }
    if (value.started == 0) continue;  // only ended here: where it began is not known
    auto& stack = stacks[{key.tgid, value.binary, key.stack, key.type}];
    stack.pid = key.tgid;
    stack.type = &type;
    stack.stack = &resolver.stack(value.binary, key.stack);
    add(stack.counts, counts);
    add(stack.cost, cost);
    stack.max_keys = std::max<std::uint64_t>(stack.max_keys, value.max_keys);
  }
  for (const auto& [key, stack] : stacks) summary.stacks.push_back(stack);
  summary.sites = sites_of(summary.stacks, seen, resolver);
  return summary;
}

}  // namespace gomapd::model
