// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace gomapd::live {

// How many of the probe sites that `gomapd inspect` names differ, in a process's
// memory, from the bytes in its file: a uprobe writes a breakpoint over them.
// Only for executables that are loaded at their linked address (no PIE). -1 and
// a reason when the sites are not to be had.
struct Breakpoints {
  int sites = 0;
  int changed = -1;
  int assigns_changed = 0;  // sites of assignments, which are probed in windows only
  std::string failure;
};
Breakpoints breakpoints_in(pid_t pid, const std::filesystem::path& program);

}  // namespace gomapd::live
