// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "daemon/proc/file.h"

namespace gomapd::app {

// What a wait ended with.
struct Wakeup {
  bool interrupted = false;  // SIGINT or SIGTERM
  bool reload = false;       // SIGHUP, where it is watched
  bool tick = false;         // the interval has passed
  std::vector<int> exited;   // pidfds whose process has gone; told once each
};

enum class HangUp : std::uint8_t { kEnds, kReloads };

// Waits for signals, a clock tick, input and the end of processes. SIGINT and
// SIGTERM (and SIGHUP, where it means to reload) are taken out of their usual course
// from then on, and SIGPIPE is ignored.
class EventLoop {
 public:
  [[nodiscard]] static Result<EventLoop> create(std::chrono::milliseconds tick,
                                                HangUp hang_up = HangUp::kEnds);

  // Watches a pidfd, which must outlive the loop.
  [[nodiscard]] Result<void> watch(int pidfd);
  // Wakes up whenever `fd`, which must outlive the loop, is readable: it is for the
  // caller to read it then.
  [[nodiscard]] Result<void> wake_for(int fd);
  [[nodiscard]] Result<Wakeup> wait();

 private:
  EventLoop() = default;

  proc::Fd epoll_;
  std::vector<int> inputs_;
  proc::Fd signals_;
  proc::Fd timer_;
};

}  // namespace gomapd::app
