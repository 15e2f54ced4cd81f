// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

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
  // now. Takes some milliseconds at most.
  void sample(std::uint64_t realtime_ns);

  // Puts what was sampled last into `state`, whose workloads and sites are there:
  // the maps, and for each site the figures of its own.
  void fill(model::HostState& state) const;

 private:
  using Key = std::pair<std::uint32_t, std::uint64_t>;  // process, address
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
  struct Sample {
    std::uint32_t pid = 0;
    Known known;
    model::GoMapState state;
  };

  void make_room();

  std::unordered_map<Key, Known, KeyHash> known_;
  std::vector<Sample> samples_;  // largest first
  std::uint64_t sampled_ns_ = 0;
};

}  // namespace gomapd::app
