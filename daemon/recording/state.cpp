// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/recording/state.h"

#include <algorithm>
#include <string>
#include <utility>

namespace gomapd::recording {
namespace {

// Numbers of the enumerations are append-only: what a newer gomapd counts more
// goes to `rest`.
template <std::size_t N>
void read_array(Cursor& cursor, std::array<std::uint64_t, N>& values, std::uint64_t* rest) {
  const auto count = cursor.count();
  for (std::uint64_t i = 0; i < count && cursor.ok(); ++i) {
    const auto value = cursor.varint();
    if (i < N)
      values.at(i) = value;
    else if (rest != nullptr)
      *rest += value;
  }
}

void read_kinds(Cursor& cursor, std::array<std::uint64_t, GM_KIND_COUNT>& by_kind) {
  std::uint64_t rest = 0;
  read_array(cursor, by_kind, &rest);
  by_kind.at(GM_KIND_UNKNOWN) += rest;
}

}  // namespace

void CounterState::read_counts(Cursor& cursor, model::Counts& counts, model::Cost& cost) {
  for (auto* value : {&counts.started, &counts.finished, &counts.finished_only, &counts.evacuated,
                      &counts.pruned, &cost.bytes, &cost.growing_ns, &cost.slowest_ns})
    *value = cursor.varint();
}

CounterState::Update CounterState::parse(Cursor& cursor) {
  Update update;
  update.flags = cursor.varint();
  update.number = cursor.varint();
  auto& totals = update.totals;
  totals.duration_ns = cursor.varint();
  totals.began_ns = cursor.varint();
  read_counts(cursor, totals.summary.counts, totals.summary.cost);
  read_kinds(cursor, totals.summary.by_kind);
  read_array(cursor, totals.stats, nullptr);
  totals.rejected_records = cursor.varint();
  totals.model_divergences = cursor.varint();
  totals.command_failure = std::string(cursor.text());
  totals.summary.go_maps_exact = (update.flags & kGoMapsExact) != 0;

  const auto processes = cursor.count();
  for (std::uint64_t i = 0; i < processes && cursor.ok(); ++i) {
    auto& row = update.processes.emplace_back();
    row.number = cursor.varint();
    read_counts(cursor, row.summary.counts, row.summary.cost);
    read_kinds(cursor, row.summary.by_kind);
  }
  const auto stacks = cursor.count();
  for (std::uint64_t i = 0; i < stacks && cursor.ok(); ++i) {
    auto& [key, row] = update.stacks.emplace_back();
    key.pid = cursor.narrow<std::uint32_t>();
    key.type = cursor.varint();
    key.stack = cursor.varint();
    read_counts(cursor, row.counts, row.cost);
    row.max_keys = cursor.varint();
  }
  const auto sites = cursor.count();
  for (std::uint64_t i = 0; i < sites && cursor.ok(); ++i) {
    auto& [key, row] = update.sites.emplace_back();
    key.function = cursor.varint();
    key.file = cursor.varint();
    key.line = static_cast<std::int32_t>(cursor.difference(0));
    key.type = cursor.varint();
    read_counts(cursor, row.counts, row.cost);
    row.max_keys = cursor.varint();
    row.go_maps = cursor.varint();
  }
  return update;
}

// Bytes after what is known belong to a newer version.
bool CounterState::add(Bytes payload) {
  Cursor cursor(payload);
  auto update = parse(cursor);
  if (!cursor.ok()) return false;
  if ((update.flags & kFullState) != 0) {
    stacks_.clear();
    sites_.clear();
    gap_ = false;
  } else if (update.number != next_number_) {
    gap_ = true;
  }
  known_ = true;
  next_number_ = update.number + 1;
  totals_ = std::move(update.totals);
  processes_ = std::move(update.processes);
  for (const auto& [key, row] : update.stacks) stacks_[key] = row;
  for (const auto& [key, row] : update.sites) sites_[key] = row;
  return true;
}

exporter::TraceReport CounterState::report(Definitions& definitions, std::uint64_t& unnamed) const {
  auto report = totals_;
  for (const auto& row : processes_) {
    const auto* process = definitions.process(row.number);
    if (process == nullptr ||
        !definitions.charge(sizeof(row) + process->exe.size() + process->go_version.size() +
                            process->assumed_rules.size() + process->build_id.size())) {
      ++unnamed;
      continue;
    }
    report.summary.processes.push_back(row.summary);
    report.summary.processes.back().process = *process;
  }
  add_stacks(report.summary, definitions, unnamed);
  add_sites(report.summary, definitions, unnamed);
  return report;
}

void CounterState::add_stacks(model::Summary& summary, const Definitions& definitions,
                              std::uint64_t& unnamed) const {
  for (const auto& [key, row] : stacks_) {
    const auto* type = definitions.type(key.type);
    const auto* stack = definitions.stack(key.stack);
    if (type == nullptr || stack == nullptr) ++unnamed;
    summary.stacks.push_back({.pid = key.pid,
                              .type = type != nullptr ? type : &definitions.no_type(),
                              .stack = stack != nullptr ? stack : &definitions.no_stack(),
                              .counts = row.counts,
                              .cost = row.cost,
                              .max_keys = row.max_keys});
  }
}

// In the order of a live trace's: most growths first, then by name.
void CounterState::add_sites(model::Summary& summary, Definitions& definitions,
                             std::uint64_t& unnamed) const {
  for (const auto& [key, row] : sites_) {
    const auto* function = definitions.string(key.function);
    const auto* file = definitions.string(key.file);
    const auto* type = key.type != 0 ? definitions.string(key.type - 1) : nullptr;
    model::SiteSummary site;
    site.counts = row.counts;
    site.cost = row.cost;
    site.max_keys = row.max_keys;
    site.go_maps = row.go_maps;
    const bool complete =
        function != nullptr && file != nullptr && (type != nullptr || key.type == 0);
    const auto bytes = complete ? function->size() + file->size() + (type ? type->size() : 0) : 0;
    if (complete && definitions.charge(sizeof(site) + bytes)) {
      site.function = std::string(*function);
      site.file = std::string(*file);
      site.line = key.line;
      if (type != nullptr) site.type = std::string(*type);
    } else {
      ++unnamed;
    }
    summary.sites.push_back(std::move(site));
  }
  std::ranges::sort(summary.sites, [](const auto& a, const auto& b) {
    return std::tie(b.counts.started, a.function, a.file, a.line, a.type) <
           std::tie(a.counts.started, b.function, b.file, b.line, b.type);
  });
}

}  // namespace gomapd::recording
