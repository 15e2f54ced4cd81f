// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace gomapd::proc {

// CPU time that process `pid` has used so far, all threads and those that have
// ended, in ns. What runs just now may be missing by a scheduler tick. Nothing
// when the process has gone.
[[nodiscard]] std::optional<std::uint64_t> cpu_time_ns(pid_t pid);

}  // namespace gomapd::proc
