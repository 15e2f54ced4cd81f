// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/app/targets.h"
#include "daemon/proc/file.h"

namespace gomapd::app {

// Has binaries analysed, one after the other, and waits on a thread of its own: a large
// one takes a second or two. Submitting and taking are for one
// thread.
class Analyser {
 public:
  struct Analysed {
    proc::FileId id;
    Result<std::unique_ptr<Binary>> binary;
  };

  // Borrows the workshop.
  [[nodiscard]] static Result<std::unique_ptr<Analyser>> create(analyst::Workshop* workshop);
  Analyser(const Analyser&) = delete;
  Analyser& operator=(const Analyser&) = delete;
  ~Analyser();  // waits for the one under way

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

  Analyser(analyst::Workshop* workshop, proc::Fd done_event);
  void work(const std::stop_token& stop);

  analyst::Workshop* workshop_;
  proc::Fd done_event_;
  std::mutex mutex_;  // of the two below
  std::deque<Job> jobs_;
  std::vector<Analysed> done_;
  std::condition_variable_any has_jobs_;
  std::jthread thread_;
};

}  // namespace gomapd::app
