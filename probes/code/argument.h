// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "probes/code/architecture.h"
#include "probes/code/steps.h"

namespace gomapd::code {

// Where a value is when an instruction is about to be executed: in a register,
// or in the eight bytes at the stack pointer + displacement.
struct Location {
  enum class Kind : std::uint8_t { kNowhere, kRegister, kStack };

  Kind kind = Kind::kNowhere;
  Register reg = Register::kNone;
  std::int32_t displacement = 0;

  [[nodiscard]] static Location in(Register reg) {
    return {.kind = Kind::kRegister, .reg = reg, .displacement = 0};
  }
  [[nodiscard]] static Location on_stack(std::int32_t displacement) {
    return {.kind = Kind::kStack, .reg = Register::kNone, .displacement = displacement};
  }
  [[nodiscard]] bool is_known() const { return kind != Kind::kNowhere; }
};

// Says of the address of a function whether it is runtime.gcWriteBarrier*, which
// keeps all registers but Architecture::write_barrier_clobbers.
using Preserves = std::function<bool(elf::Vaddr)>;

// Follows one argument of a function through its copies in registers
// and in stack slots. Says only what holds on every path: a merge keeps what
// both sides have, a call loses all registers. The compiler keeps no spilled
// value where a pointer may lead, so stores through other registers than the
// stack pointer don't touch the slots. Immutable once made; borrows nothing.
class ArgumentTrace {
 public:
  // `argument`: where it is at the function's entry.
  ArgumentTrace(const Architecture& architecture, Bytes body,
                std::span<const Instruction> instructions, const ControlFlow& flow,
                const Location& argument, const Preserves& preserves);

  // A register that holds the argument, else a stack slot which does and which
  // the function itself will read: Go adjusts no dead slot when it moves a
  // stack, so a slot that nobody reads any more may be stale.
  [[nodiscard]] Location at(Steps::Index instruction) const;
  [[nodiscard]] bool holds(Register reg, Steps::Index instruction) const;

 private:
  using Slot = std::int64_t;  // from the stack pointer at the function's entry

  // What an instruction does to the argument's whereabouts.
  struct Effect {
    RegisterSet writes = 0;
    std::int64_t pushes = 0;     // bytes by which the stack pointer sinks
    bool stack_unknown = false;  // it, or any slot, may be written
    // Memory at the stack pointer + displacement, and what is copied.
    std::vector<MemoryAccess> slots;
    std::optional<Operation::Copy> copy;
  };
  struct State {
    std::int64_t depth = 0;  // of the stack pointer below the entry's
    RegisterSet registers = 0;
    std::set<Slot> slots;
    bool operator==(const State&) const = default;
  };

  [[nodiscard]] static Effect effect_of(const Architecture& architecture, Bytes body,
                                        const Instruction& instruction, const Preserves& preserves);
  // Nothing when the depth of the stack is not known any more.
  [[nodiscard]] static std::optional<State> step(State state, const Effect& effect);
  [[nodiscard]] bool meet(Steps::Index at, const std::optional<State>& state);
  [[nodiscard]] bool will_be_read(Steps::Index from, Slot slot) const;

  Steps steps_;
  std::vector<Effect> effects_;
  // Before each instruction; nothing where it can't be said.
  std::vector<std::optional<State>> states_;
  std::vector<bool> seen_;
};

}  // namespace gomapd::code
