// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "probes/base/result.h"

// Which processes there are, and which PIDs we see.
namespace gomapd::proc {

// A PID alone may be another process a moment later; both together are not.
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  // since boot, in 1/sysconf(_SC_CLK_TCK) s

  friend auto operator<=>(const ProcessId&, const ProcessId&) = default;
};

// Field 22 of the text of /proc/PID/stat. The name in field 2 may hold blanks and
// parentheses. Nothing for what is no such text.
[[nodiscard]] std::optional<std::uint64_t> parse_start_ticks(std::string_view stat);

// A task's start_boottime, as the kernel's programs see it, in the ticks that
// /proc rounds it down to.
[[nodiscard]] std::uint64_t ticks_of_boot_time(std::uint64_t boot_time_ns);

// kGone: there is no such process.
[[nodiscard]] Result<std::uint64_t> start_ticks_of(pid_t pid);

// Every process that /proc shows, threads left out, kernel threads not, in no
// order. One that starts or ends meanwhile may be in or not.
[[nodiscard]] Result<std::vector<ProcessId>> list_processes();

// Whose processes we see.
struct PidView {
  bool initial_namespace = false;  // the whole host's
  bool proc_is_own = false;        // /proc shows the namespace in which we are
};

// From the text of /proc/self/status: a PID for each namespace from that of the
// /proc on to the process's own; nothing when there is no such line.
[[nodiscard]] std::optional<std::vector<pid_t>> parse_ns_pids(std::string_view status);

[[nodiscard]] Result<PidView> own_pid_view();

}  // namespace gomapd::proc
