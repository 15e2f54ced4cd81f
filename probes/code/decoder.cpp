// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/decoder.h"

#include <algorithm>
#include <span>

namespace gomapd::code {
namespace {

constexpr RegisterSet kAllButRsp = static_cast<RegisterSet>(0xffffU & ~(1U << 4U));

ZydisDecoder make_decoder() {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  return decoder;
}

bool has_prefix(const ZydisDecodedInstruction& head, std::uint8_t byte) {
  const std::span prefixes(head.raw.prefixes, head.raw.prefix_count);
  return std::ranges::any_of(prefixes, [=](const auto& prefix) { return prefix.value == byte; });
}

bool has_rex(const ZydisDecodedInstruction& head) {
  return (head.attributes & ZYDIS_ATTRIB_HAS_REX) != 0;
}

bool is_between(std::uint8_t value, std::uint8_t first, std::uint8_t last) {
  return value >= first && value <= last;
}

// linux arch/x86/kernel/uprobes.c, the same from 5.8 on:
// - branch_setup_xol_ops: eb, e9, e8, 70-7f, 0f 80-8f, 90;
// - push_setup_xol_ops: 50-57, and 41 50-57.
// The kernel emulates some of them with prefixes too, but differently from
// version to version (66 90 is refused before 6.2) and once wrongly (49 90,
// xchg r8,rax, passes for a nop). Go writes none of these, so any prefix
// counts as not emulated. Longer nops, mov and sub came late and don't count.
bool is_emulated(const ZydisDecodedInstruction& head) {
  if (head.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY) return false;
  const std::uint8_t opcode = head.opcode;
  if (head.opcode_map == ZYDIS_OPCODE_MAP_0F)
    return is_between(opcode, 0x80, 0x8f) && head.length == 6;
  if (head.opcode_map != ZYDIS_OPCODE_MAP_DEFAULT) return false;
  if (is_between(opcode, 0x50, 0x57))
    return head.length == 1 ||
           (head.length == 2 && has_rex(head) && head.raw.rex.offset == 0 && head.raw.rex.W == 0 &&
            head.raw.rex.R == 0 && head.raw.rex.X == 0 && head.raw.rex.B == 1);
  if (is_between(opcode, 0x70, 0x7f) || opcode == 0xeb) return head.length == 2;
  if (opcode == 0xe8 || opcode == 0xe9) return head.length == 5;
  return opcode == 0x90 && head.length == 1;
}

// The union of what any kernel since 5.8 refuses: is_prefix_bad, and the zeros
// of good_insns_64 and good_2byte_insns. Vector encodings are refused by some
// and never needed, so they count as refused.
bool is_probeable(const ZydisDecodedInstruction& head) {
  if (head.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY) return false;
  constexpr std::array<std::uint8_t, 5> kBadPrefixes = {0x26, 0x2e, 0x36, 0x3e, 0xf0};
  if (std::ranges::any_of(kBadPrefixes, [&](auto bad) { return has_prefix(head, bad); }))
    return false;
  const std::uint8_t opcode = head.opcode;
  if (head.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT) {
    const bool takes_io = is_between(opcode, 0x6c, 0x6f) || is_between(opcode, 0xe4, 0xe7) ||
                          is_between(opcode, 0xec, 0xef);
    const bool traps = is_between(opcode, 0xcc, 0xcf) || opcode == 0xf1 || opcode == 0xf4 ||
                       opcode == 0xfa || opcode == 0xfb;
    const bool prefixed_nop = opcode == 0x90 && head.length != 1;
    return !takes_io && !traps && !prefixed_nop;
  }
  if (head.opcode_map != ZYDIS_OPCODE_MAP_0F) return false;
  const bool refused = opcode <= 0x0f || opcode == 0x18 || is_between(opcode, 0x24, 0x27) ||
                       opcode == 0x30 || is_between(opcode, 0x34, 0x3f) ||
                       is_between(opcode, 0x78, 0x7d) || is_between(opcode, 0xa6, 0xa7) ||
                       opcode == 0xae || opcode == 0xb8 || opcode == 0xb9 || opcode == 0xd0 ||
                       opcode == 0xf0 || opcode == 0xff;
  return !refused;
}

Flow flow_of(const MachineInstruction& machine) {
  const bool direct = machine.operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
                      machine.operands[0].imm.is_relative != 0;
  switch (machine.head.meta.category) {
    case ZYDIS_CATEGORY_COND_BR: return Flow::kConditional;
    case ZYDIS_CATEGORY_UNCOND_BR: return direct ? Flow::kJump : Flow::kIndirectJump;
    case ZYDIS_CATEGORY_CALL: return direct ? Flow::kCall : Flow::kIndirectCall;
    case ZYDIS_CATEGORY_RET: return Flow::kReturn;
    default: break;
  }
  switch (machine.head.mnemonic) {
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
    case ZYDIS_MNEMONIC_INT1:
    case ZYDIS_MNEMONIC_INT3:
    case ZYDIS_MNEMONIC_HLT: return Flow::kTrap;
    default: return Flow::kNext;
  }
}

Condition condition_of(const ZydisDecodedInstruction& head) {
  const bool short_form =
      head.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && is_between(head.opcode, 0x70, 0x7f);
  const bool near_form =
      head.opcode_map == ZYDIS_OPCODE_MAP_0F && is_between(head.opcode, 0x80, 0x8f);
  if (!short_form && !near_form) return Condition::kNone;
  return static_cast<Condition>(head.opcode & 0xfU);
}

RegisterSet writes_of(const MachineInstruction& machine) {
  RegisterSet writes = 0;
  for (std::size_t i = 0; i < machine.head.operand_count; ++i) {
    const auto& operand = machine.operands[i];
    if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) continue;
    if ((operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) == 0) continue;
    writes |= set_of(general_register(operand.reg.value));
  }
  return writes;
}

bool links_frame(const MachineInstruction& machine) {
  const auto& to = machine.operands[0];
  const auto& from = machine.operands[1];
  if (to.type != ZYDIS_OPERAND_TYPE_REGISTER || to.reg.value != ZYDIS_REGISTER_RBP) return false;
  if (machine.head.mnemonic == ZYDIS_MNEMONIC_MOV)
    return from.type == ZYDIS_OPERAND_TYPE_REGISTER && from.reg.value == ZYDIS_REGISTER_RSP;
  return machine.head.mnemonic == ZYDIS_MNEMONIC_LEA && from.mem.base == ZYDIS_REGISTER_RSP &&
         from.mem.index == ZYDIS_REGISTER_NONE;
}

}  // namespace

std::optional<MachineInstruction> decode_machine_instruction(Bytes bytes) {
  static const ZydisDecoder decoder = make_decoder();
  MachineInstruction machine;
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes.data(), bytes.size(), &machine.head,
                                           machine.operands.data())))
    return std::nullopt;
  return machine;
}

Register general_register(ZydisRegister reg) {
  const ZydisRegister full = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
  if (full < ZYDIS_REGISTER_RAX || full > ZYDIS_REGISTER_R15) return Register::kNone;
  return static_cast<Register>(full - ZYDIS_REGISTER_RAX);
}

std::optional<Instruction> describe(const MachineInstruction& machine, elf::Vaddr entry,
                                    Offset offset, std::size_t body_size) {
  const auto& head = machine.head;
  Instruction result;
  result.offset = offset;
  result.length = head.length;
  result.flow = flow_of(machine);
  result.condition = condition_of(head);
  result.emulated = is_emulated(head);
  result.probeable = is_probeable(head);
  result.links_frame = links_frame(machine);
  const bool calls = result.flow == Flow::kCall || result.flow == Flow::kIndirectCall;
  result.writes = calls ? kAllButRsp : writes_of(machine);
  const auto& first = machine.operands[0];
  if (first.type != ZYDIS_OPERAND_TYPE_IMMEDIATE || first.imm.is_relative == 0) return result;

  // Intel ignores the prefix on a near branch, AMD cuts the target to 16 bits.
  if (has_prefix(head, 0x66)) return std::nullopt;
  ZyanU64 target = 0;
  if (!ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&head, &first, entry + offset, &target)))
    return std::nullopt;
  result.target_address = target;
  const bool jumps = result.flow == Flow::kConditional || result.flow == Flow::kJump;
  if (jumps && target - entry < body_size) result.target = static_cast<Offset>(target - entry);
  return result;
}

}  // namespace gomapd::code
