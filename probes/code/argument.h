// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "probes/code/steps.h"

namespace gomapd::code {

// Where a value is when an instruction is about to be executed: in a register,
// or in the eight bytes at rsp + displacement.
struct Location {
  enum class Kind : std::uint8_t { kNowhere, kRegister, kStack };

  Kind kind = Kind::kNowhere;
  Register reg = Register::kNone;
  std::int32_t displacement = 0;

  [[nodiscard]] static Location in(Register reg) {
    return {.kind = Kind::kRegister, .reg = reg, .displacement = 0};
  }
  [[nodiscard]] bool is_known() const { return kind != Kind::kNowhere; }
};

// Says of the address of a function whether it keeps all registers but r11.
using Preserves = std::function<bool(elf::Vaddr)>;

// Follows one register argument of a function through its copies in registers
// and in stack slots. Says only what holds on every path: a merge keeps what
// both sides have, a call loses all registers. The compiler keeps no spilled
// value where a pointer may lead, so stores through other registers than rsp
// don't touch the slots. Immutable once made; borrows nothing.
class ArgumentTrace {
 public:
  ArgumentTrace(Bytes body, std::span<const Instruction> instructions, const ControlFlow& flow,
                Register argument, const Preserves& preserves);

  // A register that holds the argument, else a stack slot which does and which
  // the function itself will read: Go adjusts no dead slot when it moves a
  // stack, so a slot that nobody reads any more may be stale.
  [[nodiscard]] Location at(Steps::Index instruction) const;
  [[nodiscard]] bool holds(Register reg, Steps::Index instruction) const;

 private:
  using Slot = std::int64_t;  // from rsp at the function's entry

  // Eight or other bytes at rsp + displacement that an instruction touches.
  struct Touched {
    std::int64_t displacement = 0;
    std::int64_t size = 0;
  };
  // What an instruction does to the argument's whereabouts.
  struct Effect {
    enum class Move : std::uint8_t { kNone, kCopy, kLoad, kStore };

    Move move = Move::kNone;
    Register from = Register::kNone;
    Register to = Register::kNone;
    RegisterSet writes = 0;
    std::int64_t pushes = 0;     // bytes by which rsp sinks
    bool stack_unknown = false;  // rsp, or any slot, may be written
    std::optional<Touched> overwrites;
    std::optional<Touched> reads;
  };
  struct State {
    std::int64_t depth = 0;  // of rsp below the entry's
    RegisterSet registers = 0;
    std::set<Slot> slots;
    bool operator==(const State&) const = default;
  };

  [[nodiscard]] static Effect effect_of(Bytes body, const Instruction& instruction,
                                        const Preserves& preserves);
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
