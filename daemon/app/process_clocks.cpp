// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/process_clocks.h"

#include <sys/types.h>

#include <utility>

#include "daemon/app/clock.h"
#include "daemon/proc/cpu_time.h"

namespace gomapd::app {
namespace {

// More processes of one executable are too many to open clocks for.
constexpr std::size_t kMostClocks = 32;

}  // namespace

Readings read_cpu(const Pids& pids) {
  Readings readings;
  for (const auto pid : pids)
    if (const auto cpu = proc::cpu_time_ns(static_cast<pid_t>(pid)))
      readings[pid] = {.at_ns = monotonic_ns(), .cpu_ns = *cpu};
  return readings;
}

Clocks open_clocks(const Pids& pids) {
  Clocks clocks;
  if (pids.size() > kMostClocks) return clocks;
  for (const auto pid : pids)
    if (auto clock = proc::TaskClock::open(static_cast<pid_t>(pid)))
      clocks.emplace(pid, *std::move(clock));
  return clocks;
}

Readings read(const Clocks& clocks) {
  Readings readings;
  for (const auto& [pid, clock] : clocks) {
    const auto cpu = clock.read_ns();
    readings[pid] = {.at_ns = monotonic_ns(), .cpu_ns = cpu};
  }
  return readings;
}

}  // namespace gomapd::app
