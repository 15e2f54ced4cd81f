// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

#include "probes/base/result.h"

// How a process that reads a hostile file is shut in, for good.
namespace gomapd::analyst {

// What a reader may take.
struct Limits {
  std::uint64_t memory_bytes = 384U << 20U;  // beyond what it has mapped when it begins
  std::uint64_t cpu_seconds = 60;
};

// No capability is left in any set, nor to be had again by any execve, and its memory is
// nobody else's to look into.
[[nodiscard]] Result<void> give_up_privileges();

// Memory, CPU time, no files, no core, first to go when the host is out of memory.
[[nodiscard]] Result<void> limit_resources(const Limits& limits);

// From here on the calling process, which must have one thread, can read from and write to
// descriptor `conversation`, get and give back memory that can't be run, and end. Anything
// else kills it with SIGSYS.
[[nodiscard]] Result<void> allow_conversation_only(int conversation);

}  // namespace gomapd::analyst
