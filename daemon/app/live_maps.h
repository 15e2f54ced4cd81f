// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/app/map_watch.h"
#include "daemon/model/host.h"
#include "daemon/model/snapshot.h"
#include "daemon/model/trace.h"

namespace gomapd::app {

// The maps of a host that grew and are still alive: their state is read from their
// processes' memory now and then, without a probe. Bounded: what grew lately is
// remembered, the largest of it is read.
class LiveMaps {
 public:
  static constexpr std::size_t kMaxRemembered = 4096;
  static constexpr std::size_t kMaxSampled = 256;

  // Types and stacks that the event points to must live until forget(pid).
  void growth(const model::GrowthEvent& event);
  // The process has gone.
  void forget(std::uint32_t pid);

  // Reads the largest, and forgets those that are there no more. `realtime_ns` is
  // now. Takes some milliseconds at most: what there is no time for keeps its last
  // figures, and is read first the next time.
  void sample(std::uint64_t realtime_ns);

  // Looks at one of those that are remembered. Nothing: it is none of them, or gone;
  // null: it could not be seen this time. Takes a few milliseconds at most.
  [[nodiscard]] std::optional<std::shared_ptr<const MapSight>> look(
      const MapWatch::Key& key, std::uint64_t realtime_ns) const;

  // Puts what was sampled last into `state`, whose workloads and sites are there:
  // the maps, and for each site the figures of its own.
  void fill(model::HostState& state) const;

 private:
  using Key = MapWatch::Key;
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return (key.second ^ key.first) * 0x9e3779b97f4a7c15ULL;
    }
  };
  struct Known {
    model::GoMapPlace place;
    const model::TypeInfo* type = nullptr;
    const model::Stack* stack = nullptr;
    std::uint64_t keys = 0;  // when it grew or was read last
    std::uint64_t grew_ns = 0;
  };
  // When it was read last, and what it was like.
  struct Sample {
    Known known;
    model::LiveMap live;
    std::chrono::steady_clock::time_point read;  // what is shown is by a clock that may be set
  };

  void make_room();
  // Of one that is known.
  [[nodiscard]] model::PictureAttempt see(const Key& key,
                                          const model::SnapshotLimits& limits) const;
  [[nodiscard]] static model::LiveMap live_map(const Key& key, const Known& known,
                                               const model::PictureAttempt& seen,
                                               std::uint64_t realtime_ns);

  std::unordered_map<Key, Known, KeyHash> known_;
  std::unordered_map<Key, Sample, KeyHash> samples_;
};

}  // namespace gomapd::app
