// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <Zydis/Zydis.h>

#include <array>
#include <optional>

#include "probes/code/instruction.h"

namespace gomapd::code {

// One machine instruction with all its operands, hidden ones included.
// Only files of this folder see Zydis.
struct MachineInstruction {
  ZydisDecodedInstruction head;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
};

// The amd64 instruction at the start of `bytes`; nothing when there is none.
[[nodiscard]] std::optional<MachineInstruction> decode_machine_instruction(Bytes bytes);

// The general register that contains `reg` (al, ax, eax -> rax), or kNone.
[[nodiscard]] Register general_register(ZydisRegister reg);

// What the rest of the folder wants to know of the instruction at `offset`.
// Nothing when its meaning depends on the processor's maker.
[[nodiscard]] std::optional<Instruction> describe(const MachineInstruction& machine,
                                                  elf::Vaddr entry, Offset offset,
                                                  std::size_t body_size);

}  // namespace gomapd::code
