// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <algorithm>
#include <array>
#include <span>

#include "probes/code/amd64_decoder.h"
#include "probes/code/architecture.h"

// amd64: what its instructions mean to the kernel and to the choice of sites.

namespace gomapd::code {
namespace {

constexpr RegisterSet kAllButRsp = 0xffffU & ~set_of(Register::kRsp);

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

// A general register in all its 64 bits.
Register whole_register(const ZydisDecodedOperand& operand) {
  if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER ||
      ZydisRegisterGetClass(operand.reg.value) != ZYDIS_REGCLASS_GPR64)
    return Register::kNone;
  return general_register(operand.reg.value);
}

// The register whose low byte, or more from there, the operand holds.
Register low_part_of(const ZydisDecodedOperand& operand) {
  if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) return Register::kNone;
  if (operand.reg.value >= ZYDIS_REGISTER_AH && operand.reg.value <= ZYDIS_REGISTER_BH)
    return Register::kNone;
  return general_register(operand.reg.value);
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

// Nothing when its meaning depends on the processor's maker.
std::optional<Instruction> decode(Bytes body, elf::Vaddr entry, Offset offset) {
  const auto decoded = decode_machine_instruction(body.subspan(offset));
  if (!decoded) return std::nullopt;
  const auto& machine = *decoded;
  const auto& head = machine.head;
  Instruction result;
  result.offset = offset;
  result.length = head.length;
  result.flow = flow_of(machine);
  result.condition = condition_of(head);
  result.emulated = is_emulated(head);
  result.probeable = is_probeable(head);
  result.links_frame = links_frame(machine);
  result.is_nop = head.mnemonic == ZYDIS_MNEMONIC_NOP;
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
  if (jumps && target - entry < body.size()) result.target = static_cast<Offset>(target - entry);
  return result;
}

// By how much `sub rsp,N`, `add rsp,N`, `push` and `pop` lower rsp.
std::optional<std::int64_t> lowers_stack(const MachineInstruction& machine) {
  constexpr std::int64_t kWord = 8;
  const auto& first = machine.operands[0];
  const auto& by = machine.operands[1];
  const bool by_constant = by.type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
  switch (machine.head.mnemonic) {
    case ZYDIS_MNEMONIC_PUSH: return first.size == 64 ? std::optional(kWord) : std::nullopt;
    case ZYDIS_MNEMONIC_POP: {
      const auto to = whole_register(first);
      return to != Register::kNone && to != Register::kRsp ? std::optional(-kWord) : std::nullopt;
    }
    case ZYDIS_MNEMONIC_SUB: return by_constant ? std::optional(by.imm.value.s) : std::nullopt;
    case ZYDIS_MNEMONIC_ADD: return by_constant ? std::optional(-by.imm.value.s) : std::nullopt;
    default: return std::nullopt;
  }
}

MemoryAccess access_of(const MachineInstruction& machine, const ZydisDecodedOperand& operand) {
  const auto& memory = operand.mem;
  MemoryAccess access;
  const bool thread_local_base =
      memory.segment == ZYDIS_REGISTER_FS || memory.segment == ZYDIS_REGISTER_GS;
  if (ZydisRegisterGetClass(memory.base) == ZYDIS_REGCLASS_GPR64 && !thread_local_base)
    access.base = general_register(memory.base);
  access.indexed = memory.index != ZYDIS_REGISTER_NONE;
  access.reads = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
  access.writes = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
  access.displacement = memory.disp.value;
  access.bytes = operand.size / 8;
  const auto mnemonic = machine.head.mnemonic;
  if (mnemonic != ZYDIS_MNEMONIC_MOV && mnemonic != ZYDIS_MNEMONIC_MOVZX) return access;
  const auto& other = machine.operands[access.writes ? 1 : 0];
  access.value = low_part_of(other);
  access.stores_zero =
      access.writes && other.type == ZYDIS_OPERAND_TYPE_IMMEDIATE && other.imm.value.u == 0;
  return access;
}

std::optional<Operation> operation(Bytes bytes) {
  const auto machine = decode_machine_instruction(bytes);
  if (!machine) return std::nullopt;
  Operation result;
  for (const auto& operand : machine->all())
    if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.type == ZYDIS_MEMOP_TYPE_MEM)
      result.add(access_of(*machine, operand));
  const auto& to = machine->operands[0];
  const auto& from = machine->operands[1];
  if (machine->head.mnemonic == ZYDIS_MNEMONIC_MOV && whole_register(to) != Register::kNone &&
      whole_register(from) != Register::kNone)
    result.copy = {.from = whole_register(from), .to = whole_register(to)};
  if (machine->head.mnemonic == ZYDIS_MNEMONIC_AND && low_part_of(to) != Register::kNone &&
      from.type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
    result.masking = {.from = low_part_of(to), .to = low_part_of(to), .mask = from.imm.value.u};
  result.lowers_stack = lowers_stack(*machine);
  return result;
}

std::string format(Bytes bytes, elf::Vaddr address) {
  const auto machine = decode_machine_instruction(bytes);
  if (!machine) return {};
  ZydisFormatter formatter;
  ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
                            ZYDIS_PADDING_DISABLED);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_DISP_PADDING, ZYDIS_PADDING_DISABLED);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_IMM_PADDING, ZYDIS_PADDING_DISABLED);
  std::array<char, 128> text{};
  if (!ZYAN_SUCCESS(ZydisFormatterFormatInstruction(
          &formatter, &machine->head, machine->operands.data(), machine->head.operand_count_visible,
          text.data(), text.size(), address, nullptr)))
    return {};
  return text.data();
}

}  // namespace

const Architecture& amd64() {
  using enum Register;
  static constexpr Architecture kAmd64 = {
      .name = "amd64",
      .stack_pointer = kRsp,
      .frame_pointer = kRbp,
      .arguments = {kRax, kRbx, kRcx, kRdi, kRsi},
      // go1.19 runtime/asm_amd64.s: gcWriteBarrier "does not clobber any
      // general-purpose registers"; since go1.21 it returns its buffer in r11.
      .write_barrier_clobbers = set_of(kR11),
      .decode = decode,
      .operation = operation,
      .format = format,
  };
  return kAmd64;
}

}  // namespace gomapd::code
