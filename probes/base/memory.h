// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace gomapd {

// A piece of another process's memory, and where its bytes are to go.
struct MemoryPiece {
  std::uint64_t address = 0;
  std::span<std::byte> out;
};

// Reads all pieces, in their order; false when not all can be had. Nothing else
// is atomic about it: the process runs on.
using ReadPieces = std::function<bool(std::span<const MemoryPiece> pieces)>;

}  // namespace gomapd
