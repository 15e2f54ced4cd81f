// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <vector>

#include "daemon/proc/file.h"

namespace gomapd::app {

// What a wait ended with.
struct Wakeup {
  bool interrupted = false;  // SIGINT or SIGTERM
  bool tick = false;         // the interval has passed
  std::vector<int> exited;   // pidfds whose process has gone; told once each
};

// Waits for signals, a clock tick and the end of processes. SIGINT and SIGTERM
// are taken out of their usual course from then on, and SIGPIPE is ignored.
class EventLoop {
 public:
  [[nodiscard]] static Result<EventLoop> create(std::chrono::milliseconds tick);

  // Watches a pidfd, which must outlive the loop.
  [[nodiscard]] Result<void> watch(int pidfd);
  [[nodiscard]] Result<Wakeup> wait();

 private:
  EventLoop() = default;

  proc::Fd epoll_;
  proc::Fd signals_;
  proc::Fd timer_;
};

}  // namespace gomapd::app
