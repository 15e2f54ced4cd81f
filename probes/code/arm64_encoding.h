// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "probes/base/bytes.h"
#include "probes/code/instruction.h"

// The encodings of A64, as far as they matter here: a word's class by mask and
// value, its fields. "C4.1" and "C6.2" are the Arm Architecture Reference
// Manual's (DDI 0487) index of encodings and its descriptions of instructions.

namespace gomapd::code::arm64_encoding {

using Word = std::uint32_t;

constexpr std::uint32_t kWordBytes = 4;

enum class Class : std::uint8_t {
  kUnknown,  // another extension's, or none: what it does is not known
  kConditionalBranch,
  kCompareBranch,  // cbz, cbnz
  kTestBranch,     // tbz, tbnz
  kJump,
  kCall,
  kIndirectJump,
  kIndirectCall,
  kReturn,
  kAuthenticatedJump,  // braa and the like
  kAuthenticatedCall,
  kAuthenticatedReturn,
  kSupervisorCall,
  kTrap,
  kNop,
  kHint,
  kBarrier,
  kSystem,
  kAddress,  // adr, adrp
  kLoadLiteral,
  kAddImmediate,  // add, sub and their kind
  kLogicalImmediate,
  kOtherImmediate,
  kAddExtended,
  kConditionalCompare,
  kRegister,  // all other data processing with registers
  kExclusive,
  kOrdered,  // ldar, stlr, cas
  kVectorStructure,
  kPair,
  kLoadStore,
  kAtomic,  // ldadd, swp and the like; loads with authentication
  kVector,  // data processing with vectors and floating point
};

[[nodiscard]] Class class_of(Word word);

// linux arch/arm64/include/asm/insn.h: exclusive, with CASP.
[[nodiscard]] constexpr bool is_exclusive(Word word) {
  return (word & 0x3f800000) == 0x08000000;
}

// Nothing when there are fewer than four bytes.
[[nodiscard]] std::optional<Word> word_at(Bytes bytes, std::size_t offset);

[[nodiscard]] constexpr Word bits(Word word, unsigned high, unsigned low) {
  return (word >> low) & ((Word{2} << (high - low)) - 1);
}

[[nodiscard]] constexpr bool bit(Word word, unsigned at) {
  return ((word >> at) & 1U) != 0;
}

// The field as a signed number.
[[nodiscard]] constexpr std::int64_t signed_bits(Word word, unsigned high, unsigned low) {
  const auto value = static_cast<std::int64_t>(bits(word, high, low));
  const auto sign = std::int64_t{1} << (high - low);
  return (value ^ sign) - sign;
}

// A register field where 31 means xzr, or sp.
[[nodiscard]] constexpr Register or_zero(Word field) {
  return field == 31 ? Register::kNone : static_cast<Register>(field);
}
[[nodiscard]] constexpr Register or_sp(Word field) {
  return static_cast<Register>(field);
}

// The distance of a direct branch, call or adr from its own address, in bytes;
// of adrp, from its page. Nothing for other classes.
[[nodiscard]] std::optional<std::int64_t> distance(Word word, Class kind);

// A load or a store by one register or two, plain enough to say where.
struct Transfer {
  bool is_load = false;
  bool is_vector = false;
  bool is_prefetch = false;
  bool is_indexed = false;  // + a register
  enum class Writeback : std::uint8_t { kNone, kPre, kPost } writeback = Writeback::kNone;
  std::uint32_t bytes = 0;  // by each register
  std::int64_t displacement = 0;
  Word first = 0;  // register fields
  Word second = 0;
  Word base = 0;
};

// Of kLoadStore and kPair.
[[nodiscard]] Transfer transfer_of(Word word, Class kind);

// The mask of a logical instruction's immediate; nothing when it is reserved.
[[nodiscard]] std::optional<std::uint64_t> logical_mask(Word word);

// The instruction as if it were at `address`, for people. In full for what can
// become a site in Go's code; all else is a ".inst 0x…".
[[nodiscard]] std::string text_of(Word word, elf::Vaddr address);

}  // namespace gomapd::code::arm64_encoding
