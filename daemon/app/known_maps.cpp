// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/known_maps.h"

namespace gomapd::app {

void KnownMaps::add(KnownMap known) {
  const auto address = known.place.address;
  const auto found = known_.find(address);
  if (found == known_.end()) {
    if (known_.size() < kLimit)
      known_.emplace(address, std::move(known));
    else
      ++not_kept_;
    return;
  }
  auto& before = found->second;
  const bool is_same = before.place.seed == known.place.seed;
  if (!is_same) ++replaced_;
  const bool grew_before = before.seen_by == exporter::SeenBy::kGrowth;
  const bool tells_less = known.seen_by == exporter::SeenBy::kAssignment && grew_before;
  if (is_same && (!known.site || tells_less)) {
    known.site = std::move(before.site);
    known.seen_by = before.seen_by;
  }
  before = std::move(known);
}

void KnownMaps::growth(const model::GrowthEvent& event) {
  if (event.on_goroutine_stack) {
    on_stack_ += event.what == GM_RECORD_STARTED ? 1 : 0;
    return;
  }
  if (event.address == 0) return;  // a Swiss growth that began before tracing
  KnownMap known{.place = {.address = event.address,
                           .seed = event.seed,
                           .design = event.design,
                           .shape = event.type->shape},
                 .type = event.type->name,
                 .site = std::nullopt,
                 .seen_by = exporter::SeenBy::kGrowth};
  if (const auto* frame = model::user_frame(*event.stack)) known.site = *frame;
  add(std::move(known));
}

void KnownMaps::assigns(const model::AssignWindow& window) {
  for (const auto& count : window.counts) {
    if (count.on_goroutine_stack) {
      on_stack_ += count.hits;
      continue;
    }
    if (count.go_map == 0) {
      ++not_kept_;
      continue;
    }
    KnownMap known{.place = {.address = count.go_map,
                             .seed = count.seed,
                             .design = window.design,
                             .shape = count.type->shape},
                   .type = count.type->name,
                   .site = std::nullopt,
                   .seen_by = exporter::SeenBy::kAssignment};
    if (!count.caller->function.empty()) known.site = *count.caller;
    add(std::move(known));
  }
}

Result<void> KnownMaps::finish(const exporter::TraceReport& report) {
  lost_events_ = report.lost_events();
  return {};
}

}  // namespace gomapd::app
