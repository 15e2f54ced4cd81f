// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <string>

#include "daemon/proc/file.h"

namespace gomapd::proc {

// A running process, held by a pidfd so that its PID can't be reused unnoticed.
struct Process {
  pid_t pid = 0;
  Fd pidfd;         // readable when the process has gone
  std::string exe;  // path as the kernel tells it, " (deleted)" taken off
  File file;        // its executable, by /proc/PID/exe: deleted or not

  // kGone: no such process, or it went away while being opened (a thread's id
  // is no process). kPermission: not ours to see. kNotGo: a kernel thread.
  [[nodiscard]] static Result<Process> open(pid_t pid);
};

// A descriptor that stands for process `pid`; kGone when there is none.
[[nodiscard]] Result<Fd> open_pidfd(pid_t pid);

// The path of its executable as the kernel tells it, " (deleted)" taken off; errors
// as those of Process::open.
[[nodiscard]] Result<std::string> executable_path(pid_t pid);

// Whether the process behind `pidfd` has gone.
[[nodiscard]] bool has_exited(const Fd& pidfd);

}  // namespace gomapd::proc
