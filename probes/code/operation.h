// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "probes/code/instruction.h"

namespace gomapd::code {

// Memory that an instruction reads or writes: `bytes` bytes at base +
// displacement.
struct MemoryAccess {
  Register base = Register::kNone;  // none: not relative to a whole general register
  bool indexed = false;             // a second register is added
  bool reads = false;
  bool writes = false;
  std::int64_t displacement = 0;
  std::uint32_t bytes = 0;
  // Of a plain load or store: the register that the bytes go to or come from,
  // whole or its low part.
  Register value = Register::kNone;
  bool stores_zero = false;

  [[nodiscard]] bool is_at(Register reg) const { return base == reg && !indexed; }
};

// What an instruction does, as far as anybody asks. What it writes to registers
// is in Instruction::writes.
struct Operation {
  // `to` = `from`, all 64 bits of it.
  struct Copy {
    Register from = Register::kNone;
    Register to = Register::kNone;
  };
  // The low part of `to` = that of `from` & mask.
  struct Masking {
    Register from = Register::kNone;
    Register to = Register::kNone;
    std::uint64_t mask = 0;
  };

  // An instruction has two at most that matter: amd64's moves from memory to
  // memory, arm64's pairs.
  std::array<MemoryAccess, 2> accesses{};
  std::uint8_t access_count = 0;
  std::optional<Copy> copy;
  std::optional<Masking> masking;
  // By how many bytes the stack pointer sinks, where it is written (calls and
  // returns apart) and where that can be said.
  std::optional<std::int64_t> lowers_stack;

  void add(const MemoryAccess& access) {
    if (access_count < accesses.size()) accesses[access_count++] = access;
  }
  [[nodiscard]] std::span<const MemoryAccess> memory() const {
    return std::span(accesses).first(access_count);
  }
};

}  // namespace gomapd::code
