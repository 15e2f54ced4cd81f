// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/snapshot.h"

namespace gomapd::model {
namespace {

// Whether another attempt could tell more.
bool is_whole(const GoMapPlace& place, const Snapshot& snapshot) {
  if (snapshot.outcome == SnapshotOutcome::kGone) return true;
  if (snapshot.outcome == SnapshotOutcome::kTorn) return false;
  return place.design == go::Design::kClassic || snapshot.state.swiss.contents.has_value();
}

}  // namespace

Snapshot take_snapshot(const GoMapPlace& place, const ReadPieces& read,
                       const SnapshotLimits& limits, const std::function<void(unsigned)>& pause) {
  const auto attempt = place.design == go::Design::kClassic ? read_classic : read_swiss;
  Snapshot best = attempt(place, read, limits);
  for (unsigned retries = 1; !is_whole(place, best) && retries <= limits.max_retries; ++retries) {
    pause(retries);
    auto next = attempt(place, read, limits);
    // Half a snapshot, kept while there is no whole one, is as of its own moment.
    if (next.outcome != SnapshotOutcome::kTorn || best.outcome == SnapshotOutcome::kTorn)
      best = std::move(next);
    best.retries = retries;
  }
  return best;
}

}  // namespace gomapd::model
