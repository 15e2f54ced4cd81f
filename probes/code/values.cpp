// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/values.h"

#include <algorithm>
#include <map>
#include <optional>

#include "probes/code/amd64_decoder.h"
#include "probes/code/steps.h"

namespace gomapd::code {
namespace {

using Kind = Value::Kind;
using Slot = std::int64_t;  // from rsp at the function's entry

constexpr std::size_t kMaxSlots = 64;

struct Kept {
  Value value;
  std::int64_t bytes = 0;
  friend bool operator==(const Kept&, const Kept&) = default;
};

struct State {
  std::array<Value, 16> registers;
  std::map<Slot, Kept> slots;
  std::int64_t depth = 0;  // of rsp below the entry's
  friend bool operator==(const State&, const State&) = default;
};

struct Step {
  const Instruction* instruction;
  std::optional<MachineInstruction> machine;
  bool keeps_registers;  // a call that preserves them
};

std::size_t index_of(Register reg) {
  return static_cast<std::size_t>(reg);
}

bool is_call(const Instruction& instruction) {
  return instruction.flow == Flow::kCall || instruction.flow == Flow::kIndirectCall;
}

bool is_memory(const ZydisDecodedOperand& operand) {
  return operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.type == ZYDIS_MEMOP_TYPE_MEM;
}

bool writes(const ZydisDecodedOperand& operand) {
  return (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
}

std::optional<Slot> slot_of(const State& state, const ZydisDecodedOperand& operand) {
  if (!is_memory(operand) || operand.mem.base != ZYDIS_REGISTER_RSP ||
      operand.mem.index != ZYDIS_REGISTER_NONE)
    return std::nullopt;
  return operand.mem.disp.value - state.depth;
}

Value in_register(const State& state, ZydisRegister reg) {
  const auto general = general_register(reg);
  return general == Register::kNone ? Value{} : state.registers[index_of(general)];
}

Value loaded(const State& state, const ZydisDecodedOperand& operand) {
  const auto bytes = static_cast<std::uint8_t>(operand.size / 8);
  if (const auto slot = slot_of(state, operand)) {
    const auto kept = state.slots.find(*slot);
    return kept != state.slots.end() && kept->second.bytes == bytes ? kept->second.value : Value{};
  }
  const auto base = in_register(state, operand.mem.base);
  if (base.kind != Kind::kArgument || operand.mem.index != ZYDIS_REGISTER_NONE) return {};
  return {Kind::kField, base.argument, bytes, operand.mem.disp.value};
}

Value value_of(const State& state, const ZydisDecodedOperand& operand) {
  switch (operand.type) {
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
      return {Kind::kConstant, Register::kNone, 0, operand.imm.value.s};
    case ZYDIS_OPERAND_TYPE_REGISTER: return in_register(state, operand.reg.value);
    case ZYDIS_OPERAND_TYPE_MEMORY: return is_memory(operand) ? loaded(state, operand) : Value{};
    default: return {};
  }
}

Value twice(const Value& value) {
  if (value.kind != Kind::kField) return {};
  auto result = value;
  result.kind = Kind::kTwice;
  return result;
}

// A part of a register of at most the value's own width is still the value.
bool fits(const Value& value, std::uint16_t bits) {
  switch (value.kind) {
    case Kind::kArgument: return bits == 64;
    case Kind::kField: return bits >= value.bytes * 8;
    // Of sixteen bits the code compares no more, however it got them.
    case Kind::kTwice: return bits >= value.bytes * 8;
    case Kind::kConstant: return true;
    case Kind::kUnknown: break;
  }
  return false;
}

// What the instruction leaves in its first operand.
Value result_of(const State& state, const MachineInstruction& machine) {
  const auto& to = machine.operands[0];
  const auto& from = machine.operands[1];
  switch (machine.head.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVZX: {
      const auto value = value_of(state, from);
      return fits(value, std::min(to.size, from.size)) ? value : Value{};
    }
    case ZYDIS_MNEMONIC_XOR:
      if (to.type == ZYDIS_OPERAND_TYPE_REGISTER && from.type == ZYDIS_OPERAND_TYPE_REGISTER &&
          to.reg.value == from.reg.value)
        return {Kind::kConstant, Register::kNone, 0, 0};
      return {};
    case ZYDIS_MNEMONIC_SHL:
      return from.type == ZYDIS_OPERAND_TYPE_IMMEDIATE && from.imm.value.u == 1
                 ? twice(value_of(state, to))
                 : Value{};
    case ZYDIS_MNEMONIC_ADD:
      return from.type == ZYDIS_OPERAND_TYPE_REGISTER &&
                     value_of(state, to) == value_of(state, from)
                 ? twice(value_of(state, to))
                 : Value{};
    case ZYDIS_MNEMONIC_LEA: {
      const bool doubles = from.mem.base != ZYDIS_REGISTER_NONE &&
                           from.mem.base == from.mem.index && from.mem.scale == 1 &&
                           from.mem.disp.value == 0;
      return doubles ? twice(in_register(state, from.mem.base)) : Value{};
    }
    default: return {};
  }
}

// By how much the instruction lowers rsp; nothing where it can't be said.
std::optional<std::int64_t> lowers_stack(const MachineInstruction& machine) {
  constexpr std::int64_t kWord = 8;
  const auto& by = machine.operands[1];
  switch (machine.head.mnemonic) {
    case ZYDIS_MNEMONIC_PUSH: return kWord;
    case ZYDIS_MNEMONIC_POP: return -kWord;
    case ZYDIS_MNEMONIC_SUB:
      if (by.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) return by.imm.value.s;
      return std::nullopt;
    case ZYDIS_MNEMONIC_ADD:
      if (by.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) return -by.imm.value.s;
      return std::nullopt;
    default: return std::nullopt;
  }
}

void forget_slots(State& state, Slot first, std::int64_t bytes) {
  std::erase_if(state.slots, [&](const auto& one) {
    return one.first < first + bytes && first < one.first + one.second.bytes;
  });
}

void forget_registers(State& state, RegisterSet set) {
  for (std::size_t i = 0; i < state.registers.size(); ++i)
    if ((set & (1U << i)) != 0) state.registers[i] = {};
}

// Nothing when rsp is not known any more.
std::optional<State> after(State state, const Step& step) {
  const auto& instruction = *step.instruction;
  if (is_call(instruction)) {
    // ABIInternal keeps g in r14 (src/cmd/compile/abi-internal.md).
    constexpr auto kG = static_cast<RegisterSet>(1U << 14U);
    if (!step.keeps_registers)
      forget_registers(state, static_cast<RegisterSet>(instruction.writes & ~kG));
    else
      forget_registers(state, set_of(Register::kR11));
    return state;
  }
  if (!step.machine) return std::nullopt;
  const auto& machine = *step.machine;
  const bool moves_stack = (instruction.writes & set_of(Register::kRsp)) != 0;
  if (moves_stack && instruction.flow != Flow::kReturn) {
    const auto lowered = lowers_stack(machine);
    if (!lowered) return std::nullopt;
    forget_registers(state, static_cast<RegisterSet>(instruction.writes & ~set_of(Register::kRsp)));
    state.depth += *lowered;
    std::erase_if(state.slots, [&](const auto& one) { return one.first < -state.depth; });
    if (*lowered > 0) forget_slots(state, -state.depth, *lowered);
    return state;
  }
  const auto result = result_of(state, machine);
  forget_registers(state, instruction.writes);
  for (std::size_t i = 0; i < machine.head.operand_count; ++i) {
    const auto& operand = machine.operands[i];
    if (!is_memory(operand) || !writes(operand)) continue;
    const auto slot = slot_of(state, operand);
    if (slot)
      forget_slots(state, *slot, operand.size / 8);
    else if (operand.mem.base == ZYDIS_REGISTER_RSP || operand.mem.base == ZYDIS_REGISTER_RBP)
      state.slots.clear();
  }
  const auto& to = machine.operands[0];
  if (machine.head.operand_count == 0 || !writes(to) || result.kind == Kind::kUnknown) return state;
  if (to.type == ZYDIS_OPERAND_TYPE_REGISTER) {
    const auto reg = general_register(to.reg.value);
    // Writes of 8 and 16 bits leave the rest of the register as it was.
    if (reg != Register::kNone && to.size >= 32) state.registers[index_of(reg)] = result;
  } else if (const auto slot = slot_of(state, to); slot && state.slots.size() < kMaxSlots) {
    state.slots[*slot] = {result, to.size / 8};
  }
  return state;
}

// Whether what is known has become less.
bool meet(std::optional<State>& known, const std::optional<State>& state) {
  if (!known) return false;
  if (!state || state->depth != known->depth) {
    known.reset();
    return true;
  }
  const auto before = *known;
  for (std::size_t i = 0; i < known->registers.size(); ++i)
    if (known->registers[i] != state->registers[i]) known->registers[i] = {};
  std::erase_if(known->slots, [&](const auto& one) {
    const auto other = state->slots.find(one.first);
    return other == state->slots.end() || other->second != one.second;
  });
  return *known != before;
}

State at_entry() {
  State state;
  for (std::size_t i = 0; i < state.registers.size(); ++i)
    state.registers[i] = {Kind::kArgument, static_cast<Register>(i), 8, 0};
  state.registers[index_of(Register::kRsp)] = {};
  return state;
}

// What is known before each instruction: starts from "seen nothing" and takes
// away with each path that is found, so it ends.
std::vector<std::optional<State>> follow(std::span<const Step> steps, const Steps& graph) {
  std::vector<std::optional<State>> states(steps.size());
  std::vector<bool> seen(steps.size());
  states[0] = at_entry();
  seen[0] = true;
  std::vector<Steps::Index> pending = {0};
  while (!pending.empty()) {
    const auto index = pending.back();
    pending.pop_back();
    const auto next = states[index] ? after(*states[index], steps[index]) : std::nullopt;
    for (const auto successor : graph.next(index)) {
      if (successor == graph.exit()) continue;
      const bool first = !seen[successor];
      if (first) {
        seen[successor] = true;
        states[successor] = next;
      }
      if (first || meet(states[successor], next)) pending.push_back(successor);
    }
  }
  return states;
}

void note_accesses(Uses& uses, const State& state, const Step& step) {
  const auto& machine = *step.machine;
  for (std::size_t i = 0; i < machine.head.operand_count; ++i) {
    const auto& operand = machine.operands[i];
    if (!is_memory(operand) || operand.mem.index != ZYDIS_REGISTER_NONE) continue;
    const auto base = in_register(state, operand.mem.base);
    if (base.kind != Kind::kArgument) continue;
    Access access{.offset = step.instruction->offset,
                  .argument = base.argument,
                  .displacement = operand.mem.disp.value,
                  .bytes = operand.size / 8U,
                  .writes = writes(operand),
                  .stored = {}};
    if (access.writes && machine.head.mnemonic == ZYDIS_MNEMONIC_MOV)
      access.stored = value_of(state, machine.operands[1]);
    uses.accesses.push_back(access);
  }
}

void note(Uses& uses, const State& state, std::span<const Step> rest) {
  const auto& step = rest.front();
  if (is_call(*step.instruction))
    uses.calls.push_back({.offset = step.instruction->offset,
                          .direct = step.instruction->flow == Flow::kCall,
                          .target = step.instruction->target_address,
                          .registers = state.registers});
  if (!step.machine) return;
  note_accesses(uses, state, step);
  const auto& machine = *step.machine;
  if (machine.head.mnemonic != ZYDIS_MNEMONIC_CMP ||
      machine.operands[1].type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
    return;
  Comparison comparison{.offset = step.instruction->offset,
                        .value = value_of(state, machine.operands[0]),
                        .limit = machine.operands[1].imm.value.s,
                        .branch = {}};
  if (rest.size() > 1 && rest[1].instruction->flow == Flow::kConditional)
    comparison.branch = *rest[1].instruction;
  uses.comparisons.push_back(comparison);
}

}  // namespace

std::optional<Uses> uses_of(Bytes body, std::span<const Instruction> instructions,
                            const Preserves& preserves) {
  const ControlFlow flow(instructions);
  if (flow.has_unknown_targets() || instructions.size() > Steps::kMaxInstructions)
    return std::nullopt;
  std::vector<Step> steps;
  for (const auto& instruction : instructions)
    steps.push_back({.instruction = &instruction,
                     .machine = decode_machine_instruction(
                         body.subspan(instruction.offset, instruction.length)),
                     .keeps_registers = instruction.flow == Flow::kCall && preserves &&
                                        preserves(instruction.target_address)});
  const auto states = follow(steps, Steps(flow));
  Uses uses;
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (states[i]) note(uses, *states[i], std::span(steps).subspan(i));
  return uses;
}

}  // namespace gomapd::code
