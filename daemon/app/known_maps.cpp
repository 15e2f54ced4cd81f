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
  if (is_same && !known.site) known.site = std::move(before.site);
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
                 .site = std::nullopt};
  if (!event.stack->empty()) known.site = event.stack->front();
  add(std::move(known));
}

Result<void> KnownMaps::finish(const exporter::TraceReport& report) {
  lost_events_ = report.lost_events();
  return {};
}

}  // namespace gomapd::app
