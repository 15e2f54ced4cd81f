// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <iterator>
#include <map>
#include <vector>

#include "probes/base/memory.h"

namespace gomapd::model {

// Memory of a process that is none: blocks at addresses, nothing between them.
class FakeMemory {
 public:
  void allocate(std::uint64_t address, std::uint64_t bytes) { blocks_[address].resize(bytes); }
  // Cuts the block at `address`.
  void truncate(std::uint64_t address, std::uint64_t bytes) { blocks_.at(address).resize(bytes); }

  template <typename T>
  void put(std::uint64_t address, T value) {
    auto& [begin, block] = *std::prev(blocks_.upper_bound(address));
    std::memcpy(block.data() + (address - begin), &value, sizeof(value));
  }

  // Called before each read, with its number.
  void before_read(std::function<void(int)> hook) { hook_ = std::move(hook); }
  [[nodiscard]] int reads() const { return reads_; }

  [[nodiscard]] ReadPieces reader() {
    return [this](std::span<const MemoryPiece> pieces) {
      if (hook_) hook_(reads_);
      ++reads_;
      for (const auto& piece : pieces)
        if (!read(piece)) return false;
      return true;
    };
  }

 private:
  [[nodiscard]] bool read(const MemoryPiece& piece) const {
    const auto after = blocks_.upper_bound(piece.address);
    if (after == blocks_.begin()) return false;
    const auto& [begin, block] = *std::prev(after);
    const auto offset = piece.address - begin;
    if (offset > block.size() || piece.out.size() > block.size() - offset) return false;
    std::memcpy(piece.out.data(), block.data() + offset, piece.out.size());
    return true;
  }

  std::map<std::uint64_t, std::vector<std::byte>> blocks_;
  std::function<void(int)> hook_;
  int reads_ = 0;
};

}  // namespace gomapd::model
