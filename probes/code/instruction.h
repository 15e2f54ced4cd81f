// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "probes/elf/image.h"

namespace gomapd::code {

// An offset from a function's entry.
using Offset = std::uint32_t;

enum class Flow : std::uint8_t {
  kNext,         // falls through
  kConditional,  // to `target` or falls through
  kJump,         // to `target`
  kIndirectJump,
  kCall,  // direct, `target_address`
  kIndirectCall,
  kReturn,
  kTrap,  // ud2, int3, hlt: control does not go on
};

// General registers by the hardware's number, so that r14 is 14 and x28 is 28.
// The machines share the numbers; which one is meant, its code tells.
enum class Register : std::uint8_t {
  kRax,
  kRcx,
  kRdx,
  kRbx,
  kRsp,
  kRbp,
  kRsi,
  kRdi,
  kR8,
  kR9,
  kR10,
  kR11,
  kR12,
  kR13,
  kR14,
  kR15,
  // arm64. 31 is sp here: where an instruction means xzr, it has no register.
  kX0 = 0,
  kX1,
  kX2,
  kX3,
  kX4,
  kX16 = 16,
  kX17,
  kX25 = 25,
  kX27 = 27,
  kX28,  // g
  kX29,  // the frame pointer
  kX30,  // the return address
  kSp,
  kNone = 255,
};

// A set of general registers: bit i is the register with encoding i.
using RegisterSet = std::uint32_t;

[[nodiscard]] constexpr RegisterSet set_of(Register reg) {
  return reg == Register::kNone ? RegisterSet{0} : RegisterSet{1} << static_cast<unsigned>(reg);
}

// The condition of a branch on flags, in the encoding of amd64 (the low four
// bits of jcc's opcode). Of arm64, only what anybody asks for.
enum class Condition : std::uint8_t {
  kBelow = 2,         // amd64: CF; arm64 b.lo: C clear
  kBelowOrEqual = 6,  // amd64: CF or ZF; arm64 b.ls: C clear or Z set
  kNone = 255,        // another, or none (jrcxz and loop, cbz and tbz)
};

struct Instruction {
  Offset offset = 0;
  std::uint8_t length = 0;
  Flow flow = Flow::kNext;
  Condition condition = Condition::kNone;
  // The kernel emulates it at a uprobe instead of single-stepping a copy, and
  // all kernels since 5.8 do. Which ones: amd64.cpp, arm64.cpp.
  bool emulated = false;
  // The kernel takes a uprobe here at all, and all kernels since 5.8 do.
  bool probeable = false;
  bool is_nop = false;
  // A call that is known never to come back (runtime.throw, runtime.panic*).
  bool never_returns = false;
  // Makes the frame pointer this function's: `mov rbp,rsp`, `lea rbp,[rsp+N]`,
  // `sub x29,sp,#8`.
  bool links_frame = false;
  // Bit i set: writes general register i or a part of it, implicit writes
  // included (calls: all but the stack pointer; their writes are the callee's).
  RegisterSet writes = 0;
  // Of a direct jump or branch inside the function.
  std::optional<Offset> target;
  // Of any direct jump, branch or call, as a file address.
  elf::Vaddr target_address = 0;

  [[nodiscard]] Offset end() const { return offset + length; }
};

// Says of the address of a function whether a call to it never comes back. Go
// puts the next block, or nothing at all, right after such a call, so without
// this knowledge a panic seems to fall into unrelated code: still safe (it can
// only hide sites, not invent them), but worse.
using NeverReturns = std::function<bool(elf::Vaddr)>;

// Every instruction of the function whose bytes are `body` that control flow
// reaches from its entry, by offset. What it does not reach (padding, the ud2
// after a panic) is not decoded. kMalformed when reachable bytes do not decode,
// or when two instructions overlap: then we have misunderstood the function,
// and a probe in the middle of an instruction would corrupt the target.
// kUnsupported for machines other than amd64 and arm64.
[[nodiscard]] Result<std::vector<Instruction>> decode_function(
    Bytes body, elf::Vaddr entry, elf::Machine machine, const NeverReturns& never_returns = {});

// For people: "push rbp", "jbe 0x47f3a0" (Intel syntax), "b.ls 0x1c220".
[[nodiscard]] std::string format(Bytes body, elf::Vaddr entry, elf::Machine machine,
                                 const Instruction& instruction);

}  // namespace gomapd::code
