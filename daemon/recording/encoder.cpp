// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/recording/encoder.h"

#include <tuple>
#include <utility>

#include "daemon/recording/block.h"
#include "daemon/recording/format.h"

namespace gomapd::recording {
namespace {

// All rows again once the changed ones since then are so many times as much.
constexpr std::size_t kChangesPerFull = 4;

std::uint8_t number(BlockKind kind) {
  return static_cast<std::uint8_t>(kind);
}

GrowthClass class_of(const model::GrowthEvent& event) {
  return {.what = event.what,
          .pid = event.pid,
          .design = event.design,
          .kind = event.kind,
          .reason = event.reason,
          .old_buckets = event.sizes.old_buckets,
          .new_buckets = event.sizes.new_buckets,
          .bytes = event.sizes.bytes,
          .type = event.type,
          .stack = event.stack};
}

std::uint64_t flags_of(const model::GrowthEvent& event, bool is_new, bool same_thread) {
  std::uint64_t flags = 0;
  for (const auto& [is_set, flag] : {std::pair{is_new, kNewGoMap},
                                     {same_thread, kSameThread},
                                     {event.go_map_keys == event.keys, kSameKeys},
                                     {event.duration_ns != 0, kHasDuration},
                                     {event.overflow_buckets != 0, kHasOverflow},
                                     {event.on_goroutine_stack, kOnStack},
                                     {event.overflow_is_estimate, kOverflowEstimated},
                                     {event.began_before, kBeganBefore},
                                     {(event.bucket | event.evacuated) != 0, kHasBucket},
                                     {event.tombstones_removed != 0, kHasTombstones},
                                     {event.directory_doubles, kDirectoryDoubles}})
    if (is_set) flags |= flag;
  return flags;
}

void write_numbers(const model::GrowthEvent& event, std::uint64_t flags, ByteOutput& output) {
  output.varint(event.keys);
  if ((flags & kSameKeys) == 0) output.difference(event.go_map_keys, event.keys);
  if ((flags & kHasDuration) != 0) output.varint(event.duration_ns);
  if ((flags & kHasOverflow) != 0) output.varint(event.overflow_buckets);
  if ((flags & kHasBucket) != 0) {
    output.varint(event.bucket);
    output.varint(event.evacuated);
  }
  if ((flags & kHasTombstones) != 0) output.varint(event.tombstones_removed);
}

void write_counts(const model::Counts& counts, const model::Cost& cost, ByteOutput& output) {
  for (const auto value : {counts.started, counts.finished, counts.finished_only, counts.evacuated,
                           counts.pruned, cost.bytes, cost.growing_ns, cost.slowest_ns})
    output.varint(value);
}

template <std::size_t N>
void write_array(const std::array<std::uint64_t, N>& values, ByteOutput& output) {
  output.varint(N);
  for (const auto value : values) output.varint(value);
}

void write_totals(const exporter::TraceReport& report, ByteOutput& output) {
  const auto& summary = report.summary;
  output.varint(report.duration_ns);
  output.varint(report.began_ns);
  write_counts(summary.counts, summary.cost, output);
  write_array(summary.by_kind, output);
  write_array(report.stats, output);
  output.varint(report.rejected_records);
  output.varint(report.model_divergences);
  output.text(std::string_view(report.command_failure).substr(0, kMaxTextBytes));
}

std::string as_string(const ByteOutput& output) {
  const auto bytes = output.view();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Encoder::Encoder(std::int64_t realtime_offset_ns) {
  write_file_header(realtime_offset_ns, ready_);
}

void Encoder::time(std::uint64_t monotonic_ns) {
  events_.difference(monotonic_ns, last_time_);
  last_time_ = monotonic_ns;
}

// Number 0 stands for a process, so that growths count from 1.
void Encoder::process(model::ProcessChange change, const model::Process& process,
                      std::uint64_t monotonic_ns) {
  const auto defined = dictionary_.process(process);
  events_.varint(0);
  events_.byte(static_cast<std::uint8_t>(change));
  time(monotonic_ns);
  events_.varint(defined);
}

void Encoder::growth(const model::GrowthEvent& event) {
  const Thread thread{event.tid, event.goid};
  const auto [found, is_new] =
      go_maps_.try_emplace({event.identity, event.address}, GoMap{go_maps_.size(), last_thread_});
  auto& go_map = found->second;
  const auto before = std::exchange(go_map.thread, thread);
  const auto flags = flags_of(event, is_new, thread == before);
  events_.varint(dictionary_.growth(class_of(event)) + 1);
  events_.varint(flags);
  time(event.monotonic_ns);
  if (is_new) {
    events_.difference(event.address, last_address_);
    events_.fixed(event.identity);
    last_address_ = event.address;
  } else {
    events_.varint(go_maps_.size() - 1 - go_map.number);
  }
  if (thread != before) {
    events_.difference(thread.tid, before.tid);
    events_.difference(thread.goid, before.goid);
  }
  last_thread_ = thread;
  write_numbers(event, flags, events_);
}

void Encoder::write_definitions() {
  const auto definitions = dictionary_.take_definitions();
  if (!definitions.empty())
    write_block(number(BlockKind::kDefinitions), definitions.view(), ready_);
}

void Encoder::close_events() {
  write_definitions();
  if (events_.empty()) return;
  write_block(number(BlockKind::kEvents), events_.view(), ready_);
  events_.clear();
  go_maps_.clear();
  last_time_ = 0;
  last_address_ = 0;
  last_thread_ = {};
}

void Encoder::add_row(Rows& rows, const ByteOutput& key, const ByteOutput& value,
                      std::unordered_map<std::string, std::string>& written) {
  rows.all.bytes(key.view());
  rows.all.bytes(value.view());
  ++rows.all_count;
  auto& last = written[as_string(key)];
  auto now = as_string(value);
  if (last == now) return;
  last = std::move(now);
  rows.changed.bytes(key.view());
  rows.changed.bytes(value.view());
  ++rows.changed_count;
}

Encoder::Rows Encoder::stack_rows(const exporter::TraceReport& report) {
  Rows rows;
  for (const auto& one : report.summary.stacks) {
    ByteOutput key;
    key.varint(one.pid);
    key.varint(dictionary_.type(one.type));
    key.varint(dictionary_.stack(one.stack));
    ByteOutput value;
    write_counts(one.counts, one.cost, value);
    value.varint(one.max_keys);
    add_row(rows, key, value, written_stacks_);
  }
  return rows;
}

Encoder::Rows Encoder::site_rows(const exporter::TraceReport& report) {
  Rows rows;
  for (const auto& one : report.summary.sites) {
    ByteOutput key;
    key.varint(dictionary_.string(one.function));
    key.varint(dictionary_.string(one.file));
    key.difference(static_cast<std::uint64_t>(one.line), 0);
    key.varint(one.type ? dictionary_.string(*one.type) + 1 : 0);
    ByteOutput value;
    write_counts(one.counts, one.cost, value);
    value.varint(one.max_keys);
    value.varint(one.go_maps);
    add_row(rows, key, value, written_sites_);
  }
  return rows;
}

void Encoder::write_state(const exporter::TraceReport& report, bool is_last) {
  close_events();
  const auto stacks = stack_rows(report);
  const auto sites = site_rows(report);
  const auto all = stacks.all.size() + sites.all.size();
  changes_since_full_ += stacks.changed.size() + sites.changed.size();
  const bool full = is_last || states_ == 0 || changes_since_full_ > kChangesPerFull * all;
  if (full) changes_since_full_ = 0;
  std::uint64_t flags = 0;
  if (full) flags |= kFullState;
  if (report.summary.go_maps_exact) flags |= kGoMapsExact;

  ByteOutput payload;
  payload.varint(flags);
  payload.varint(states_++);
  write_totals(report, payload);
  payload.varint(report.summary.processes.size());
  for (const auto& one : report.summary.processes) {
    payload.varint(dictionary_.process(one.process));
    write_counts(one.counts, one.cost, payload);
    write_array(one.by_kind, payload);
  }
  for (const auto* rows : {&stacks, &sites}) {
    payload.varint(full ? rows->all_count : rows->changed_count);
    payload.bytes((full ? rows->all : rows->changed).view());
  }
  write_definitions();
  write_block(number(is_last ? BlockKind::kEnd : BlockKind::kState), payload.view(), ready_);
}

void Encoder::state(const exporter::TraceReport& report) {
  write_state(report, false);
}

void Encoder::end(const exporter::TraceReport& report) {
  write_state(report, true);
}

}  // namespace gomapd::recording
