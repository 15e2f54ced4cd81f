// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "probes/base/memory.h"

namespace gomapd::proc {

// Reads `out.size()` bytes at `address` of process `pid` without stopping it.
// False when they can't all be had (gone, unmapped, not permitted).
[[nodiscard]] bool read_memory(pid_t pid, std::uint64_t address, std::span<std::byte> out);

// The same for many pieces, in their order, with few system calls.
[[nodiscard]] bool read_memory(pid_t pid, std::span<const MemoryPiece> pieces);

}  // namespace gomapd::proc
