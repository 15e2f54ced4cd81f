// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/analyst/workshop.h"
#include "daemon/proc/libraries.h"
#include "probes/base/result.h"

namespace gomapd::app {

// Finds Go libraries (-buildmode=c-shared) in processes whose executables are no Go
// programs. When one is loaded nothing tells of it, so such a process is looked at a few
// times, ever more rarely, and then no more: one that loads a library later than some
// minutes after its start is not found. Each file is looked into once, and waited for on a
// thread of its own: it may be hostile. All calls are for one thread.
class HostLibraries {
 public:
  using Clock = std::chrono::steady_clock;
  // After the start, and from each look to the next.
  static constexpr std::chrono::seconds kPauses[] = {
      std::chrono::seconds(1), std::chrono::seconds(4), std::chrono::seconds(16),
      std::chrono::seconds(64), std::chrono::seconds(256)};
  static constexpr std::size_t kMostAtOnce = 64;       // looks
  static constexpr std::size_t kMaxRemembered = 8192;  // files that are none

  struct Look {
    std::uint32_t pid = 0;
    std::uint64_t start_ticks = 0;
    std::size_t number = 0;  // in kPauses
  };

  // The Go library that the process has loaded, if there is one. kUnsupported: there are
  // several, each with a runtime of its own, or a release's that can't be traced.
  // kReaderFailed: one of its files can't be read safely.
  struct Found {
    Look look;
    Result<std::optional<proc::Library>> library;
  };

  // Borrows the workshop.
  explicit HostLibraries(analyst::Workshop* workshop);
  HostLibraries(const HostLibraries&) = delete;
  HostLibraries& operator=(const HostLibraries&) = delete;
  ~HostLibraries() = default;

  // That process is to be looked at from now on, or once more.
  void watch(const Look& look, Clock::time_point now);
  // Those whose time has come, at most kMostAtOnce; they are forgotten. Call again soon.
  [[nodiscard]] std::vector<Look> due(Clock::time_point now);

  // Looks into that process, which may have gone when the answer is there.
  void search(const Look& look);
  // The answers since the last call.
  [[nodiscard]] std::vector<Found> take();

 private:
  void work(const std::stop_token& stop);
  Result<std::optional<proc::Library>> find(pid_t pid);

  analyst::Workshop* workshop_;
  std::multimap<Clock::time_point, Look> looks_;
  // By file and path: a file's number may be another's later. The thread's.
  std::set<std::pair<std::string, std::string>> others_;
  std::mutex mutex_;  // of the two below
  std::deque<Look> searches_;
  std::vector<Found> found_;
  std::condition_variable_any has_searches_;
  std::jthread thread_;
};

}  // namespace gomapd::app
