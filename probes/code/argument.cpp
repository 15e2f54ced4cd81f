// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/argument.h"

#include <algorithm>
#include <bit>

namespace gomapd::code {
namespace {

constexpr std::int64_t kWord = 8;
// A function spills an argument once or twice.
constexpr std::size_t kMaxSlots = 64;

bool is_call(const Instruction& instruction) {
  return instruction.flow == Flow::kCall || instruction.flow == Flow::kIndirectCall;
}

// A load or store of the slot's eight bytes, from or to one register.
bool moves_word(const MemoryAccess& access) {
  return access.bytes == kWord && access.value != Register::kNone;
}

}  // namespace

ArgumentTrace::Effect ArgumentTrace::effect_of(const Architecture& architecture, Bytes body,
                                               const Instruction& instruction,
                                               const Preserves& preserves) {
  Effect effect;
  effect.writes = instruction.writes;
  if (is_call(instruction)) {
    if (instruction.flow == Flow::kCall && preserves && preserves(instruction.target_address))
      effect.writes = architecture.write_barrier_clobbers;
    return effect;
  }
  const auto operation =
      architecture.operation(body.subspan(instruction.offset, instruction.length));
  if (!operation) {
    effect.stack_unknown = true;
    return effect;
  }
  const auto stack_pointer = architecture.stack_pointer;
  const bool moves_stack = (instruction.writes & set_of(stack_pointer)) != 0;
  if (moves_stack && instruction.flow != Flow::kReturn) {
    effect.pushes = operation->lowers_stack.value_or(0);
    effect.stack_unknown = !operation->lowers_stack;
    effect.writes &= ~set_of(stack_pointer);
    return effect;
  }
  for (const auto& access : operation->memory()) {
    const bool on_stack =
        access.base == stack_pointer || access.base == architecture.frame_pointer ||
        (access.base == architecture.frame_scratch && access.base != Register::kNone);
    if (access.is_at(stack_pointer))
      effect.slots.push_back(access);
    else if (on_stack && access.writes)
      effect.stack_unknown = true;
  }
  effect.copy = operation->copy;
  return effect;
}

std::optional<ArgumentTrace::State> ArgumentTrace::step(State state, const Effect& effect) {
  if (effect.stack_unknown) return std::nullopt;
  const auto slot_of = [&](const MemoryAccess& access) {
    return access.displacement - state.depth;
  };
  const auto holds = [&](Register reg) { return (state.registers & set_of(reg)) != 0; };
  RegisterSet loaded = 0;
  std::vector<Slot> stored;
  if (effect.copy && holds(effect.copy->from)) loaded |= set_of(effect.copy->to);
  for (const auto& access : effect.slots) {
    if (!moves_word(access)) continue;
    if (access.writes && holds(access.value)) stored.push_back(slot_of(access));
    if (!access.writes && state.slots.contains(slot_of(access))) loaded |= set_of(access.value);
  }

  state.registers &= ~effect.writes;
  for (const auto& access : effect.slots)
    if (access.writes)
      state.slots.erase(state.slots.upper_bound(slot_of(access) - kWord),
                        state.slots.lower_bound(slot_of(access) + access.bytes));
  state.depth += effect.pushes;
  // What lies below the stack pointer is nobody's; what is pushed there is
  // something else.
  state.slots.erase(state.slots.begin(),
                    state.slots.lower_bound(-state.depth + std::max(effect.pushes, Slot{0})));
  state.slots.insert(stored.begin(), stored.end());
  state.registers |= loaded;
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
ArgumentTrace::ArgumentTrace(const Architecture& architecture, Bytes body,
                             std::span<const Instruction> instructions, const ControlFlow& flow,
                             const Location& argument, const Preserves& preserves)
    : steps_(flow), states_(instructions.size() + 1), seen_(instructions.size() + 1) {
  if (flow.has_unknown_targets() || instructions.size() > Steps::kMaxInstructions) return;
  for (const auto& instruction : instructions)
    effects_.push_back(effect_of(architecture, body, instruction, preserves));
  std::vector<Steps::Index> pending = {0};
  State entry;
  entry.registers = set_of(argument.reg);
  if (argument.kind == Location::Kind::kStack) entry.slots.insert(argument.displacement);
  std::ignore = meet(0, entry);
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
      return Location::on_stack(static_cast<std::int32_t>(slot + state->depth));
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
    const auto covers = [&](const MemoryAccess& access) {
      return access.displacement - state->depth == slot && access.bytes == kWord;
    };
    const auto& slots = effect.slots;
    if (std::ranges::any_of(slots, [&](const auto& one) { return one.reads && covers(one); }))
      return true;
    if (std::ranges::any_of(slots, [&](const auto& one) { return one.writes && covers(one); }))
      continue;
    for (const auto next : steps_.next(index)) pending.push_back(next);
  }
  return false;
}

}  // namespace gomapd::code
