// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "daemon/app/targets.h"
#include "daemon/proc/file.h"

namespace gomapd::app {

// Has binaries analysed, and waits on threads of its own: one after the other, for a large
// one takes a CPU for a second or two. Those that take longer, as hostile ones may, are not
// waited for: the next is begun beside them, kMostAtOnce in all. Submitting and taking are
// for one thread.
class Analyser {
 public:
  static constexpr std::size_t kMostAtOnce = 4;
  struct Analysed {
    proc::FileId id;
    Result<std::unique_ptr<Binary>> binary;
  };

  // Borrows the workshop. What is not analysed after `usual` is not waited for.
  [[nodiscard]] static Result<std::unique_ptr<Analyser>> create(
      analyst::Workshop* workshop, std::chrono::milliseconds usual = std::chrono::seconds(3));
  Analyser(const Analyser&) = delete;
  Analyser& operator=(const Analyser&) = delete;
  ~Analyser();  // waits for those under way

  // `name` is for the error, if there is one.
  void submit(proc::File file, std::string name);
  // Those that are done since the last call.
  [[nodiscard]] std::vector<Analysed> take();
  // Readable when there are some.
  [[nodiscard]] int fd() const { return done_event_.get(); }

 private:
  struct Job {
    proc::File file;
    std::string name;
  };

  using Clock = std::chrono::steady_clock;

  Analyser(analyst::Workshop* workshop, std::chrono::milliseconds usual, proc::Fd done_event);
  void work(const std::stop_token& stop);
  bool wait_for_turn(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);

  analyst::Workshop* workshop_;
  std::chrono::milliseconds usual_;
  proc::Fd done_event_;
  std::mutex mutex_;  // of the three below
  std::deque<Job> jobs_;
  std::vector<Analysed> done_;
  std::multiset<Clock::time_point> begun_;  // when those under way were
  std::condition_variable_any changed_;
  std::vector<std::jthread> threads_;
};

}  // namespace gomapd::app
