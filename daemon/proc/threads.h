// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace gomapd::proc {

// What /proc/PID/task/TID/status says of a thread's rest.
struct ThreadRest {
  bool runs = false;                     // or would if it got a CPU: it does not sleep
  std::uint64_t voluntary_switches = 0;  // grows by one whenever it goes to sleep
};

// From that file's text; nothing when a field is missing or no number.
[[nodiscard]] std::optional<ThreadRest> parse_thread_rest(std::string_view status);

// Nothing when there is no such thread (any more).
[[nodiscard]] std::optional<ThreadRest> thread_rest(pid_t pid, pid_t tid);

// The threads of `pid`; of a process with very many, the first thousand.
[[nodiscard]] std::vector<pid_t> thread_ids(pid_t pid);

struct RunningThread {
  pid_t tid;
  std::uint64_t voluntary_switches;
};

// Those of thread_ids() that do not sleep just now.
[[nodiscard]] std::vector<RunningThread> running_threads(pid_t pid);

}  // namespace gomapd::proc
