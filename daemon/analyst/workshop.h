// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <chrono>
#include <mutex>
#include <string>
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
// fork takes a millisecond or less, and the daemon may forbid itself both. A second such
// process stands by: when the first is killed, it takes its place and makes the next one
// that stands by, for the daemon can't. Safe for several threads.
class Workshop {
 public:
  // Call it early and from the thread that lives longest: readers go with it. `serve` is
  // another one in tests. A process that has not forked after `patience` counts as gone.
  [[nodiscard]] static Result<Workshop> start(
      Serve serve = &analyst::serve, Limits limits = {},
      std::chrono::milliseconds patience = std::chrono::seconds(10));
  Workshop(Workshop&& other) noexcept;
  Workshop& operator=(Workshop&&) = delete;
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  ~Workshop();  // ends it; readers end by themselves when their conversations are closed

  // A reader of the file open as `file`. kSystem: there can't be any now, or, when both
  // processes have gone, ever.
  [[nodiscard]] Result<ReaderProcess> reader_of(int file);
  // Ends a reader at once; waits for nobody. How it had ended if it had by itself: as
  // waitpid(2) tells; 0 if not.
  int end(ReaderProcess reader);

  // Waits for what has ended, replaces what others ended, and returns what happened since the last
  // call, a line for each. kSystem: both have gone, and nothing can be read any more.
  [[nodiscard]] Result<std::vector<std::string>> tend();

  // Ends all readers, in the middle of what they are asked; there will be no others.
  void close();

  [[nodiscard]] pid_t pid();          // 0 when it has gone
  [[nodiscard]] pid_t standby_pid();  // likewise

 private:
  struct Room {
    pid_t pid = 0;
    proc::Fd door;
  };

  Workshop(Room at_work, std::chrono::milliseconds patience)
      : patience_(patience), at_work_(std::move(at_work)) {}
  void replace_lost();
  bool note_loss(Room& room);
  void close_down(Room& room);
  Result<pid_t> order(Room& room, char what, int given, int file);
  Result<Room> another_from(Room& room);
  void reap();

  std::chrono::milliseconds patience_;
  std::mutex mutex_;  // of the next three
  Room at_work_;
  Room standby_;
  std::vector<std::string> losses_;
  std::mutex readers_mutex_;  // of the next three
  std::vector<pid_t> reading_;
  std::vector<pid_t> ending_;  // killed, not yet waited for
  bool closed_ = false;
};

}  // namespace gomapd::analyst
