// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "daemon/app/map_watch.h"
#include "daemon/http/server.h"
#include "daemon/model/host.h"

namespace gomapd::app {

// The last of what was posted, never null. Not std::atomic<std::shared_ptr>: g++ 12's
// load() unlocks by a relaxed store, after which the next store() may overwrite what it
// is still reading (libstdc++ shared_ptr_atomic.h: _Sp_atomic).
template <typename Value>
class Posted {
 public:
  void store(std::shared_ptr<const Value> value) {
    const std::scoped_lock lock(mutex_);
    value_.swap(value);  // the old one goes after the lock
  }
  [[nodiscard]] std::shared_ptr<const Value> load() const {
    const std::scoped_lock lock(mutex_);
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Value> value_ = std::make_shared<const Value>();
};

// Where the event loop posts the state of the host, and HTTP threads read the last
// one: nobody waits for what another does with it.
class Board {
 public:
  void post(std::shared_ptr<const model::HostState> state) { state_.store(std::move(state)); }
  // Never null; before the first post, an empty state that is not ready.
  [[nodiscard]] std::shared_ptr<const model::HostState> read() const { return state_.load(); }

  // What the web server counted, likewise.
  void post(const http::Counts& counts) {
    counts_.store(std::make_shared<const http::Counts>(counts));
  }
  [[nodiscard]] std::shared_ptr<const http::Counts> web_counts() const { return counts_.load(); }

  // Pictures of single maps, asked for and taken.
  [[nodiscard]] MapWatch& watch() { return watch_; }

  // Asks the event loop to read the configuration again.
  void request_reload() { reload_.store(true); }
  [[nodiscard]] bool take_reload() { return reload_.exchange(false); }

 private:
  Posted<model::HostState> state_;
  Posted<http::Counts> counts_;
  std::atomic<bool> reload_ = false;
  MapWatch watch_;
};

}  // namespace gomapd::app
