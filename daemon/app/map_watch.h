// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "daemon/model/host.h"
#include "daemon/model/picture.h"

namespace gomapd::app {

struct MapSight {
  model::LiveMap live;
  model::GoMapPicture picture;
};

// The maps that somebody looks at: threads of the web server ask for pictures, the
// event loop takes them, ten times a second for as long as they are asked for.
// Thread-safe; a lock is held for a look-up only.
class MapWatch {
 public:
  using Key = std::pair<std::uint32_t, std::uint64_t>;  // process, address
  using Clock = std::chrono::steady_clock;

  static constexpr std::size_t kMost = 8;
  static constexpr std::chrono::seconds kPatience{10};

  enum class Answer : std::uint8_t {
    kSeen,     // with the last picture
    kPending,  // not seen yet
    kGone,     // it can't be read any more, or nobody knows it
    kFull,     // too many others are watched
  };
  struct Reply {
    Answer answer = Answer::kPending;
    std::shared_ptr<const MapSight> sight;  // of kSeen
  };
  // Has the map be watched from now on.
  Reply ask(const Key& key, Clock::time_point now);

  // For the event loop: which to look at; those that nobody asked for any more go.
  [[nodiscard]] std::vector<Key> wanted(Clock::time_point now);
  // What it looks like; null: it is gone.
  void put(const Key& key, std::shared_ptr<const MapSight> sight);

 private:
  struct Entry {
    Clock::time_point asked;
    bool is_gone = false;
    std::shared_ptr<const MapSight> sight;
  };

  std::mutex mutex_;
  std::map<Key, Entry> entries_;
};

}  // namespace gomapd::app
