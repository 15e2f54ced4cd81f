// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/cpu_time.h"

#include <ctime>

namespace gomapd::proc {

// What clock_getcpuclockid(3) makes of a PID, without its asking whether there is such a
// process: CPUCLOCK_SCHED of linux include/linux/posix-timers_types.h.
std::optional<std::uint64_t> cpu_time_ns(pid_t pid) {
  const auto clock = static_cast<clockid_t>((~static_cast<unsigned>(pid) << 3U) | 2U);
  timespec used{};
  if (clock_gettime(clock, &used) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(used.tv_nsec);
}

}  // namespace gomapd::proc
