// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/argument.h"

#include <bit>

#include "probes/code/decoder.h"

namespace gomapd::code {
namespace {

constexpr std::int64_t kWord = 8;
// A function spills an argument once or twice.
constexpr std::size_t kMaxSlots = 64;

bool is_call(const Instruction& instruction) {
  return instruction.flow == Flow::kCall || instruction.flow == Flow::kIndirectCall;
}

bool is_memory(const ZydisDecodedOperand& operand) {
  return operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.type == ZYDIS_MEMOP_TYPE_MEM;
}

bool is_slot(const ZydisDecodedOperand& operand) {
  return is_memory(operand) && operand.mem.base == ZYDIS_REGISTER_RSP &&
         operand.mem.index == ZYDIS_REGISTER_NONE;
}

// A general register in all its 64 bits.
Register whole_register(const ZydisDecodedOperand& operand) {
  if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER ||
      ZydisRegisterGetClass(operand.reg.value) != ZYDIS_REGCLASS_GPR64)
    return Register::kNone;
  return general_register(operand.reg.value);
}

// By how much `sub rsp,N`, `add rsp,N`, `push` and `pop` lower rsp.
std::optional<std::int64_t> lowers_stack(const MachineInstruction& machine) {
  const auto& by = machine.operands[1];
  switch (machine.head.mnemonic) {
    case ZYDIS_MNEMONIC_PUSH:
      return machine.operands[0].size == 64 ? std::optional(kWord) : std::nullopt;
    case ZYDIS_MNEMONIC_POP:
      return whole_register(machine.operands[0]) != Register::kNone &&
                     machine.operands[0].reg.value != ZYDIS_REGISTER_RSP
                 ? std::optional(-kWord)
                 : std::nullopt;
    case ZYDIS_MNEMONIC_SUB:
      return by.type == ZYDIS_OPERAND_TYPE_IMMEDIATE ? std::optional(by.imm.value.s) : std::nullopt;
    case ZYDIS_MNEMONIC_ADD:
      return by.type == ZYDIS_OPERAND_TYPE_IMMEDIATE ? std::optional(-by.imm.value.s)
                                                     : std::nullopt;
    default: return std::nullopt;
  }
}

}  // namespace

ArgumentTrace::Effect ArgumentTrace::effect_of(Bytes body, const Instruction& instruction,
                                               const Preserves& preserves) {
  Effect effect;
  effect.writes = instruction.writes;
  if (is_call(instruction)) {
    // Since go1.21 runtime.gcWriteBarrier returns its buffer in r11.
    if (instruction.flow == Flow::kCall && preserves && preserves(instruction.target_address))
      effect.writes = set_of(Register::kR11);
    return effect;
  }
  const auto machine =
      decode_machine_instruction(body.subspan(instruction.offset, instruction.length));
  if (!machine) {
    effect.stack_unknown = true;
    return effect;
  }
  const std::span operands(machine->operands.data(), machine->head.operand_count);
  const bool moves_stack = (instruction.writes & set_of(Register::kRsp)) != 0;
  if (moves_stack && instruction.flow != Flow::kReturn) {
    const auto lowered = lowers_stack(*machine);
    effect.pushes = lowered.value_or(0);
    effect.stack_unknown = !lowered;
    effect.writes &= static_cast<RegisterSet>(~set_of(Register::kRsp));
    return effect;
  }
  for (const auto& operand : operands) {
    if (!is_memory(operand)) continue;
    const bool written = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    const bool on_stack =
        operand.mem.base == ZYDIS_REGISTER_RSP || operand.mem.base == ZYDIS_REGISTER_RBP;
    const Touched touched{operand.mem.disp.value, operand.size / 8};
    if (on_stack && written && !is_slot(operand)) effect.stack_unknown = true;
    if (!is_slot(operand)) continue;
    if (written) effect.overwrites = touched;
    if ((operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0) effect.reads = touched;
  }
  if (machine->head.mnemonic != ZYDIS_MNEMONIC_MOV) return effect;
  effect.to = whole_register(operands[0]);
  effect.from = whole_register(operands[1]);
  using enum Effect::Move;
  if (effect.to != Register::kNone && effect.from != Register::kNone) effect.move = kCopy;
  if (effect.to != Register::kNone && is_slot(operands[1])) effect.move = kLoad;
  if (effect.from != Register::kNone && is_slot(operands[0])) effect.move = kStore;
  return effect;
}

std::optional<ArgumentTrace::State> ArgumentTrace::step(State state, const Effect& effect) {
  if (effect.stack_unknown) return std::nullopt;
  using enum Effect::Move;
  bool moved = false;
  if (effect.move == kCopy || effect.move == kStore)
    moved = (state.registers & set_of(effect.from)) != 0;
  if (effect.move == kLoad) moved = state.slots.contains(effect.reads->displacement - state.depth);

  state.registers &= static_cast<RegisterSet>(~effect.writes);
  if (effect.overwrites) {
    const Slot first = effect.overwrites->displacement - state.depth;
    state.slots.erase(state.slots.upper_bound(first - kWord),
                      state.slots.lower_bound(first + effect.overwrites->size));
  }
  state.depth += effect.pushes;
  // What lies below rsp is nobody's; what is pushed there is something else.
  state.slots.erase(state.slots.begin(),
                    state.slots.lower_bound(-state.depth + std::max(effect.pushes, Slot{0})));
  if (moved && effect.move == kStore)
    state.slots.insert(effect.overwrites->displacement - state.depth);
  else if (moved)
    state.registers |= set_of(effect.to);
  if (state.slots.size() > kMaxSlots) return std::nullopt;
  return state;
}

// Whether what is known before `at` has changed.
bool ArgumentTrace::meet(Steps::Index at, const std::optional<State>& state) {
  auto& known = states_[at];
  if (!seen_[at]) {
    seen_[at] = true;
    known = state;
    return true;
  }
  if (!known) return false;
  if (!state || state->depth != known->depth) {
    known.reset();
    return true;
  }
  const auto before = *known;
  known->registers &= state->registers;
  std::erase_if(known->slots, [&](Slot slot) { return !state->slots.contains(slot); });
  return *known != before;
}

// Starts from "seen nothing" and takes away with every path that is found:
// registers and slots only become fewer, so it ends.
ArgumentTrace::ArgumentTrace(Bytes body, std::span<const Instruction> instructions,
                             const ControlFlow& flow, Register argument, const Preserves& preserves)
    : steps_(flow), states_(instructions.size() + 1), seen_(instructions.size() + 1) {
  if (flow.has_unknown_targets() || instructions.size() > Steps::kMaxInstructions) return;
  for (const auto& instruction : instructions)
    effects_.push_back(effect_of(body, instruction, preserves));
  std::vector<Steps::Index> pending = {0};
  std::ignore = meet(0, State{.depth = 0, .registers = set_of(argument), .slots = {}});
  while (!pending.empty()) {
    const auto index = pending.back();
    pending.pop_back();
    const auto& state = states_[index];
    const auto next = state ? step(*state, effects_[index]) : std::nullopt;
    for (const auto successor : steps_.next(index))
      if (meet(successor, next) && successor != steps_.exit()) pending.push_back(successor);
  }
}

bool ArgumentTrace::holds(Register reg, Steps::Index instruction) const {
  const auto& state = states_[instruction];
  return state && (state->registers & set_of(reg)) != 0;
}

Location ArgumentTrace::at(Steps::Index instruction) const {
  const auto& state = states_[instruction];
  if (!state) return {};
  if (state->registers != 0)
    return Location::in(static_cast<Register>(std::countr_zero(state->registers)));
  for (const Slot slot : state->slots)
    if (will_be_read(instruction, slot))
      return {.kind = Location::Kind::kStack,
              .reg = Register::kNone,
              .displacement = static_cast<std::int32_t>(slot + state->depth)};
  return {};
}

bool ArgumentTrace::will_be_read(Steps::Index from, Slot slot) const {
  std::vector<bool> reached(steps_.exit());
  std::vector<Steps::Index> pending = {from};
  while (!pending.empty()) {
    const auto index = pending.back();
    pending.pop_back();
    if (index == steps_.exit() || reached[index]) continue;
    reached[index] = true;
    const auto& state = states_[index];
    if (!state) continue;
    const auto& effect = effects_[index];
    const auto covers = [&](const std::optional<Touched>& touched) {
      return touched && touched->displacement - state->depth == slot && touched->size == kWord;
    };
    if (covers(effect.reads)) return true;
    if (covers(effect.overwrites)) continue;
    for (const auto next : steps_.next(index)) pending.push_back(next);
  }
  return false;
}

}  // namespace gomapd::code
