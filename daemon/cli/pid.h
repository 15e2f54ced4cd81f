// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <CLI/CLI.hpp>
#include <limits>

namespace gomapd::cli {

// What may be written as a process's number. One beyond the kernel's own limit is of no
// process, which is another error than a word that is no number.
[[nodiscard]] inline CLI::Range pid_range() {
  return {pid_t{1}, std::numeric_limits<pid_t>::max()};
}

}  // namespace gomapd::cli
