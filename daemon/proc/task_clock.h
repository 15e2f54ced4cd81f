// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/proc/file.h"

namespace gomapd::proc {

// A process's CPU time to the microsecond, from when this is opened. What
// cpu_time_ns() tells of another process is as old as the last clock tick of the CPUs
// on which its threads run (linux kernel/sched/cputime.c: thread_group_cputime).
class TaskClock {
 public:
  // Nothing: perf events can't be had, or it has more threads than are worth it.
  // Threads that begin later are not counted.
  [[nodiscard]] static std::optional<TaskClock> open(pid_t pid);

  // Since it was opened; costs some microseconds a thread.
  [[nodiscard]] std::uint64_t read_ns() const;

 private:
  explicit TaskClock(std::vector<Fd> threads) : threads_(std::move(threads)) {}

  std::vector<Fd> threads_;
};

}  // namespace gomapd::proc
