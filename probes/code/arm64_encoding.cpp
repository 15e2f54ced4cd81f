// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/arm64_encoding.h"

#include <array>
#include <bit>

namespace gomapd::code::arm64_encoding {
namespace {

struct Row {
  Word mask;
  Word value;
  Class kind;
};

// The first row that fits counts. What fits none is unknown. Fixed-length code
// can't be read at a wrong offset, so encodings that a class leaves unallocated
// need not be told from the others: who runs one gets SIGILL, probed or not.
constexpr std::array kRows{
    // C6.2 UDF; go1.15 to go1.27 cmd/internal/obj/arm64/asm7.go: AUNDEF
    Row{0xffff0000, 0x00000000, Class::kTrap},
    Row{0xffffffff, 0xbea71700, Class::kTrap},
    // C4.1: reserved, unallocated, SME, SVE (bits 28 to 25: 00xx)
    Row{0x18000000, 0x00000000, Class::kUnknown},

    // C4.1, Branches, Exception Generating and System instructions
    Row{0xff000010, 0x54000000, Class::kConditionalBranch},  // C6.2 B.cond; bit 4: BC.cond
    Row{0x7e000000, 0x34000000, Class::kCompareBranch},      // C6.2 CBZ, CBNZ
    Row{0x7e000000, 0x36000000, Class::kTestBranch},         // C6.2 TBZ, TBNZ
    Row{0xfc000000, 0x14000000, Class::kJump},               // C6.2 B
    Row{0xfc000000, 0x94000000, Class::kCall},               // C6.2 BL
    Row{0xfffffc1f, 0xd61f0000, Class::kIndirectJump},       // C6.2 BR
    Row{0xfffffc1f, 0xd63f0000, Class::kIndirectCall},       // C6.2 BLR
    Row{0xfffffc1f, 0xd65f0000, Class::kReturn},             // C6.2 RET
    Row{0xfefff800, 0xd61f0800, Class::kAuthenticatedJump},
    Row{0xfefff800, 0xd63f0800, Class::kAuthenticatedCall},
    Row{0xfffffbff, 0xd65f0bff, Class::kAuthenticatedReturn},
    Row{0xffffffff, 0xd69f03e0, Class::kTrap},  // ERET: undefined for programs
    Row{0xffe0001f, 0xd4000001, Class::kSupervisorCall},
    Row{0xff000000, 0xd4000000, Class::kTrap},  // BRK, HLT, HVC, SMC, DCPS
    Row{0xffffffff, 0xd503201f, Class::kNop},
    Row{0xfffff01f, 0xd503201f, Class::kHint},
    Row{0xfffff01f, 0xd503301f, Class::kBarrier},
    Row{0xffc00000, 0xd5000000, Class::kSystem},  // MSR, MRS, SYS, SYSL
    Row{0x1c000000, 0x14000000, Class::kUnknown},

    // C4.1, Data Processing - Immediate
    Row{0x1f000000, 0x10000000, Class::kAddress},           // C6.2 ADR, ADRP
    Row{0x1f000000, 0x11000000, Class::kAddImmediate},      // with ADDG, SUBG, MAX, MIN
    Row{0x1f800000, 0x12000000, Class::kLogicalImmediate},  // C6.2 AND, ORR, EOR, ANDS
    Row{0x1c000000, 0x10000000, Class::kOtherImmediate},    // MOVZ, UBFM, EXTR…

    // C4.1, Data Processing - Register
    Row{0x1fe00000, 0x0b200000, Class::kAddExtended},
    Row{0x1fe00000, 0x1a400000, Class::kConditionalCompare},
    Row{0x0e000000, 0x0a000000, Class::kRegister},

    // C4.1, Data Processing - Scalar Floating-Point and Advanced SIMD
    Row{0x0e000000, 0x0e000000, Class::kVector},

    // C4.1, Loads and Stores
    Row{0x3f800000, 0x08000000, Class::kExclusive},
    Row{0x3f000000, 0x08000000, Class::kOrdered},
    Row{0xbe000000, 0x0c000000, Class::kVectorStructure},
    Row{0x3b000000, 0x18000000, Class::kLoadLiteral},
    Row{0x3a000000, 0x28000000, Class::kPair},
    Row{0x3b000000, 0x39000000, Class::kLoadStore},  // unsigned offset
    Row{0x3b200000, 0x38000000, Class::kLoadStore},  // unscaled, indexed, unprivileged
    Row{0x3b200c00, 0x38200800, Class::kLoadStore},  // register offset
    Row{0x3b200000, 0x38200000, Class::kAtomic},
};

// Of a load or store of one register: its size, 1 << 0 to 1 << 4 bytes.
unsigned size_log2(Word word) {
  const bool is_128_bit = bit(word, 26) && bit(word, 23) && bits(word, 31, 30) == 0;
  return is_128_bit ? 4 : bits(word, 31, 30);
}

Transfer single(Word word) {
  Transfer transfer;
  const auto size = size_log2(word);
  const auto operation = bits(word, 23, 22);
  transfer.is_vector = bit(word, 26);
  transfer.is_load = transfer.is_vector ? bit(word, 22) : operation != 0;
  transfer.is_prefetch = !transfer.is_vector && size == 3 && operation == 2;
  transfer.bytes = 1U << size;
  transfer.first = bits(word, 4, 0);
  transfer.base = bits(word, 9, 5);
  if (bit(word, 24)) {
    transfer.displacement = static_cast<std::int64_t>(bits(word, 21, 10)) << size;
    return transfer;
  }
  transfer.is_indexed = bit(word, 21);
  if (transfer.is_indexed) return transfer;
  using enum Transfer::Writeback;
  const auto form = bits(word, 11, 10);
  transfer.writeback = form == 1 ? kPost : form == 3 ? kPre : kNone;
  transfer.displacement = signed_bits(word, 20, 12);
  return transfer;
}

Transfer pair(Word word) {
  Transfer transfer;
  const auto kind = bits(word, 31, 30);
  transfer.is_vector = bit(word, 26);
  transfer.is_load = bit(word, 22);
  // C6.2 STGP shares LDPSW's opc; it scales, and writes, by 16 bytes.
  const bool is_tagged = !transfer.is_vector && kind == 1 && !transfer.is_load;
  const unsigned scale = transfer.is_vector ? 2 + kind : is_tagged ? 4 : kind == 2 ? 3 : 2;
  transfer.bytes = is_tagged ? 8 : 1U << scale;
  transfer.displacement = signed_bits(word, 21, 15) * (std::int64_t{1} << scale);
  transfer.first = bits(word, 4, 0);
  transfer.second = bits(word, 14, 10);
  transfer.base = bits(word, 9, 5);
  using enum Transfer::Writeback;
  const auto form = bits(word, 24, 23);
  transfer.writeback = form == 1 ? kPost : form == 3 ? kPre : kNone;
  return transfer;
}

}  // namespace

Class class_of(Word word) {
  for (const auto& row : kRows)
    if ((word & row.mask) == row.value) return row.kind;
  return Class::kUnknown;
}

std::optional<Word> word_at(Bytes bytes, std::size_t offset) {
  const auto word = ByteReader(bytes, "instruction").load<Word>(offset);
  return word ? std::optional(*word) : std::nullopt;
}

std::optional<std::int64_t> distance(Word word, Class kind) {
  switch (kind) {
    case Class::kConditionalBranch:
    case Class::kCompareBranch: return signed_bits(word, 23, 5) * kWordBytes;
    case Class::kTestBranch: return signed_bits(word, 18, 5) * kWordBytes;
    case Class::kJump:
    case Class::kCall: return signed_bits(word, 25, 0) * kWordBytes;
    case Class::kAddress: {
      const auto value = signed_bits(word, 23, 5) * 4 + bits(word, 30, 29);
      return bit(word, 31) ? value * 4096 : value;
    }
    default: return std::nullopt;
  }
}

Transfer transfer_of(Word word, Class kind) {
  return kind == Class::kPair ? pair(word) : single(word);
}

// J1.1 shared/functions: DecodeBitMasks. A run of imms + 1 ones, rotated right
// by immr, in elements that repeat.
std::optional<std::uint64_t> logical_mask(Word word) {
  const auto length = bit(word, 22) ? 64U : ~bits(word, 15, 10) & 0x3fU;
  if (length < 2 || (!bit(word, 31) && bit(word, 22))) return std::nullopt;
  const unsigned size = std::bit_floor(length);
  const unsigned ones = (bits(word, 15, 10) & (size - 1)) + 1;
  const unsigned rotation = bits(word, 21, 16) & (size - 1);
  if (ones == size) return std::nullopt;
  const std::uint64_t run = (std::uint64_t{1} << ones) - 1;
  std::uint64_t mask = 0;
  for (unsigned at = 0; at < 64; at += size)
    for (unsigned i = 0; i < size; ++i)
      if ((run >> ((i + rotation) % size) & 1U) != 0) mask |= std::uint64_t{1} << (at + i);
  return bit(word, 31) ? mask : mask & 0xffffffffU;
}

}  // namespace gomapd::code::arm64_encoding
