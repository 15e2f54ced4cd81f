// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <mutex>
#include <vector>

#include "daemon/analyst/confine.h"
#include "daemon/proc/file.h"

namespace gomapd::analyst {

// What a reader does once it is shut in: answers what comes by descriptor `conversation`
// about a file's bytes, until the other end is closed.
using Serve = void (*)(int conversation, Bytes file);
void serve(int conversation, Bytes file);

// A process that reads one file, its own child and in nobody else's hands.
struct ReaderProcess {
  pid_t pid = 0;
  proc::Fd pidfd;         // readable when it has ended
  proc::Fd conversation;  // a stream socket
};

// Where readers come from: a process of one thread that was forked before there was
// anything to keep from them (keys, BPF descriptors) or to trip over (threads), that gave up
// its privileges then, and that forks itself for each reader. So nothing needs execve, a
// fork takes a millisecond or less, and the daemon may forbid itself both. Safe for several
// threads.
class Workshop {
 public:
  // Call it early and from the thread that lives longest: readers go with it. `serve` is
  // another one in tests.
  [[nodiscard]] static Result<Workshop> start(Serve serve = &analyst::serve, Limits limits = {});
  Workshop(Workshop&& other) noexcept;
  Workshop& operator=(Workshop&&) = delete;
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  ~Workshop();  // ends it; readers end by themselves when their conversations are closed

  // A reader of the file open as `file`.
  [[nodiscard]] Result<ReaderProcess> reader_of(int file);
  // Ends a reader at once. How it had ended if it had by itself: as waitpid(2) tells; 0 if not.
  int end(ReaderProcess reader);

  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  Workshop(pid_t pid, proc::Fd door) : pid_(pid), door_(std::move(door)) {}
  void reap();

  std::mutex mutex_;
  pid_t pid_ = 0;
  proc::Fd door_;
  std::vector<pid_t> ending_;  // killed, not yet waited for
};

}  // namespace gomapd::analyst
