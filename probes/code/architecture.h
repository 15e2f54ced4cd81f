// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "probes/code/instruction.h"
#include "probes/code/operation.h"

namespace gomapd::code {

// All that the choice of sites knows of a machine. Everything else in this
// folder is the same for all of them; amd64.cpp and arm64.cpp make one each.
struct Architecture {
  std::string_view name;  // as Go calls it
  Register stack_pointer = Register::kNone;
  Register frame_pointer = Register::kNone;
  // By which the assembler reaches parts of the frame that are too far from the
  // stack pointer for an instruction's own displacement; none where it needs none.
  Register frame_scratch = Register::kNone;
  // Where ABIInternal passes the first word-sized arguments: as many as any
  // function has that is probed. src/cmd/compile/abi-internal.md
  std::array<Register, 5> arguments{};
  // What a call of runtime.gcWriteBarrier* may change: it keeps all else.
  RegisterSet write_barrier_clobbers = 0;

  // The instruction at `offset` of the function at `entry` whose bytes are
  // `body`; nothing where there is none, or none with a certain meaning.
  std::optional<Instruction> (*decode)(Bytes body, elf::Vaddr entry, Offset offset) = nullptr;
  // What the instruction that `bytes` begins with does; nothing as above.
  std::optional<Operation> (*operation)(Bytes bytes) = nullptr;
  // It as text, as if it were at `address`; empty as above.
  std::string (*format)(Bytes bytes, elf::Vaddr address) = nullptr;
};

[[nodiscard]] const Architecture& amd64();
[[nodiscard]] const Architecture& arm64();

// Nothing for machines whose code we can't read.
[[nodiscard]] const Architecture* architecture_of(elf::Machine machine);

}  // namespace gomapd::code
