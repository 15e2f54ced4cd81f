// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <Zydis/Zydis.h>

#include <array>
#include <optional>
#include <span>

#include "probes/code/instruction.h"

// Only what is amd64's alone sees Zydis.

namespace gomapd::code {

// One machine instruction with all its operands, hidden ones included.
struct MachineInstruction {
  ZydisDecodedInstruction head;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;

  [[nodiscard]] std::span<const ZydisDecodedOperand> all() const {
    return std::span(operands).first(head.operand_count);
  }
};

// The amd64 instruction at the start of `bytes`; nothing when there is none.
[[nodiscard]] std::optional<MachineInstruction> decode_machine_instruction(Bytes bytes);

// The general register that contains `reg` (al, ax, eax -> rax), or kNone.
[[nodiscard]] Register general_register(ZydisRegister reg);

}  // namespace gomapd::code
