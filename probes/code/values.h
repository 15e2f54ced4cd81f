// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "probes/code/argument.h"
#include "probes/code/instruction.h"

namespace gomapd::code {

// What a register or a stack slot holds, as far as the function itself tells.
struct Value {
  enum class Kind : std::uint8_t {
    kUnknown,
    kArgument,  // what `argument` held at the function's entry
    kField,     // `bytes` bytes loaded from `argument` + `number`
    kTwice,     // two times such a field
    kConstant,  // `number`
  };

  Kind kind = Kind::kUnknown;
  Register argument = Register::kNone;
  std::uint8_t bytes = 0;
  std::int64_t number = 0;

  friend bool operator==(const Value&, const Value&) = default;
};

// A read or write of memory at an argument's value + displacement.
struct Access {
  Offset offset = 0;
  Register argument = Register::kNone;
  std::int64_t displacement = 0;
  std::uint32_t bytes = 0;
  bool writes = false;
  Value stored;  // of a plain store
};

// `cmp value, limit`
struct Comparison {
  Offset offset = 0;
  Value value;
  std::int64_t limit = 0;
  std::optional<Instruction> branch;  // the conditional jump right after it
};

struct Call {
  Offset offset = 0;
  bool direct = true;
  elf::Vaddr target = 0;            // of a direct one
  std::array<Value, 16> registers;  // by their number, right before it
};

// What a function does with its arguments, in address order.
struct Uses {
  std::vector<Access> accesses;
  std::vector<Comparison> comparisons;
  std::vector<Call> calls;
};

// Follows the arguments, and what is loaded from them, through registers and
// stack slots, and tells what is done with them. Says only what holds on every
// path to an instruction: a merge keeps what both sides agree on, a call loses
// all registers but g's. Nothing for functions that are too big to follow or
// that jump to unknown places. `instructions` are those of decode_function.
[[nodiscard]] std::optional<Uses> uses_of(Bytes body, std::span<const Instruction> instructions,
                                          const Preserves& preserves);

}  // namespace gomapd::code
