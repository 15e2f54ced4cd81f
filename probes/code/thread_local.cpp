// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/thread_local.h"

#include "probes/code/amd64_decoder.h"

namespace gomapd::code {
namespace {

// The memory operand of `mov REGISTER, fs:[...]`.
std::optional<ZydisDecodedOperandMem> thread_local_load(const MachineInstruction& machine) {
  const auto& from = machine.operands[1];
  if (machine.head.mnemonic != ZYDIS_MNEMONIC_MOV || from.type != ZYDIS_OPERAND_TYPE_MEMORY ||
      from.mem.segment != ZYDIS_REGISTER_FS || from.mem.index != ZYDIS_REGISTER_NONE ||
      from.size != 64)
    return std::nullopt;
  return from.mem;
}

}  // namespace

std::optional<std::int64_t> thread_local_g(Bytes body) {
  std::int64_t offset = 0;
  auto machine = decode_machine_instruction(body);
  if (!machine) return std::nullopt;
  auto expected_base = ZYDIS_REGISTER_NONE;
  if (machine->head.mnemonic == ZYDIS_MNEMONIC_MOV &&
      machine->operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
      machine->operands[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
    expected_base = machine->operands[0].reg.value;
    offset = machine->operands[1].imm.value.s;
    machine = decode_machine_instruction(body.subspan(machine->head.length));
    if (!machine) return std::nullopt;
  }
  const auto load = thread_local_load(*machine);
  if (!load || load->base != expected_base) return std::nullopt;
  // Storage of the executable lies below the thread pointer, within reason.
  constexpr std::int64_t kMost = 1 << 20;
  if (offset < -kMost || offset > 0 || load->disp.value < -kMost || load->disp.value > 0)
    return std::nullopt;
  return offset + load->disp.value;
}

}  // namespace gomapd::code
