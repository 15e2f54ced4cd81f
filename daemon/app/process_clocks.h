// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "daemon/proc/task_clock.h"

namespace gomapd::app {

using Pids = std::set<std::uint32_t>;

// The CPU time of a process, and when it was read.
struct Reading {
  std::uint64_t at_ns = 0;
  std::uint64_t cpu_ns = 0;
};
// Without those that have gone.
using Readings = std::map<std::uint32_t, Reading>;

// As the kernel tells it of other processes: as old as the last tick.
[[nodiscard]] Readings read_cpu(const Pids& pids);

// Clocks that are right at any moment, and cost their processes something whenever they
// are scheduled: to be held for a window. None where they are too many.
using Clocks = std::map<std::uint32_t, proc::TaskClock>;
[[nodiscard]] Clocks open_clocks(const Pids& pids);
[[nodiscard]] Readings read(const Clocks& clocks);

}  // namespace gomapd::app
