// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/estimates.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "daemon/model/growth.h"

namespace gomapd::model {

double Estimated::error() const {
  return std::sqrt(std::max(variance, 0.0));
}

void TraceEstimates::estimate(std::uint32_t pid, go::Design /*design*/, double growths,
                              double variance, std::span<const SampleRow> described,
                              Resolver& resolver) {
  static const symbol::Frame kNowhere;
  auto& process = processes_[pid];
  process.growths += growths;
  process.variance += variance;
  std::uint64_t all = 0;
  for (const auto& row : described) all += row.described;
  auto& unplaced = unplaced_[pid];
  unplaced += growths;
  if (all == 0) return;
  const auto placed = std::exchange(unplaced, 0.0);
  for (const auto& row : described) {
    const auto share = placed * static_cast<double>(row.described) / static_cast<double>(all);
    const auto* user = user_frame(resolver.stack(row.binary, row.key.stack));
    const auto& frame = user == nullptr ? kNowhere : *user;
    const auto& type = resolver.type(row.binary, pid, row.key.type);
    const auto bytes =
        share *
        static_cast<double>(
            growth_sizes(static_cast<gm_kind>(row.key.kind), row.key.old_log2, type.shape).bytes);
    process.bytes += bytes;
    auto& site = sites_[{frame.function, frame.file, frame.line, type.name}];
    site.estimated.growths += share;
    site.estimated.bytes += bytes;
    site.max_keys = std::max(site.max_keys, row.max_keys);
  }
}

void TraceEstimates::settle(std::span<const CounterRow> rows) {
  for (const auto& [pid, is_new] : std::exchange(forgets_open_, {})) {
    std::uint64_t open = 0;
    for (const auto& [key, value] : rows)
      if (key.tgid == pid) open += value.started - std::min(value.started, value.finished);
    ends_unseen_[pid] = open;  // all of them, those of earlier times too
  }
}

void TraceEstimates::fill(Summary& summary) const {
  for (auto& process : summary.processes) {
    if (const auto found = processes_.find(process.process.pid); found != processes_.end()) {
      process.estimated = found->second;
      summary.estimated.growths += found->second.growths;
      summary.estimated.bytes += found->second.bytes;
      summary.estimated.variance += found->second.variance;
    }
    if (const auto found = ends_unseen_.find(process.process.pid); found != ends_unseen_.end()) {
      process.counts.ends_unseen = found->second;
      summary.counts.ends_unseen += found->second;
    }
  }
  double placed = 0;
  for (const auto& [key, site] : sites_) placed += site.estimated.growths;
  double all = placed;
  for (const auto& [pid, growths] : unplaced_) all += growths;
  const double scale = placed > 0 ? all / placed : 1;
  for (const auto& [key, site] : sites_) {
    auto found = std::ranges::find_if(summary.sites, [&](const SiteSummary& one) {
      return std::tie(one.function, one.file, one.line, one.type) == key;
    });
    if (found == summary.sites.end()) {
      SiteSummary fresh;
      std::tie(fresh.function, fresh.file, fresh.line, fresh.type) = key;
      found = summary.sites.insert(summary.sites.end(), std::move(fresh));
    }
    found->estimated = {.growths = site.estimated.growths * scale,
                        .bytes = site.estimated.bytes * scale,
                        .variance = 0};
    found->max_keys = std::max(found->max_keys, site.max_keys);
  }
  const auto growths = [](const SiteSummary& site) {
    return static_cast<double>(site.counts.started) + site.estimated.growths;
  };
  if (!sites_.empty()) std::ranges::stable_sort(summary.sites, std::ranges::greater(), growths);
}

}  // namespace gomapd::model
