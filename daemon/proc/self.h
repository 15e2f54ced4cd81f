// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

namespace gomapd::proc {

// What this process uses; 0 where it can't be told.
struct SelfUse {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double virtual_bytes = 0;
  double open_fds = 0;
  double max_fds = 0;
  double start_time_seconds = 0;  // since the epoch
};
[[nodiscard]] SelfUse use_of_self();

// Lets this process open as many files as its hard limit allows.
void raise_file_limit();

}  // namespace gomapd::proc
