// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "daemon/app/map_watch.h"
#include "daemon/http/server.h"
#include "daemon/model/host.h"

namespace gomapd::app {

// Where the event loop posts the state of the host, and HTTP threads read the last
// one: nobody waits for anybody.
class Board {
 public:
  Board()
      : state_(std::make_shared<const model::HostState>()),
        counts_(std::make_shared<const http::Counts>()) {}

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
  std::atomic<std::shared_ptr<const model::HostState>> state_;
  std::atomic<std::shared_ptr<const http::Counts>> counts_;
  std::atomic<bool> reload_ = false;
  MapWatch watch_;
};

}  // namespace gomapd::app
