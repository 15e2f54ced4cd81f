// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/architecture.h"
#include "probes/code/arm64_encoding.h"

// arm64: what A64's encodings mean to the kernel and to the choice of sites.

namespace gomapd::code {
namespace {

using namespace arm64_encoding;
using enum Register;

constexpr RegisterSet kAllButSp = ~set_of(kSp);
// linux arch/arm64/kernel/probes/decode-insn.c: MAX_ATOMIC_CONTEXT_SIZE
constexpr std::size_t kMaxExclusiveWords = 32;

Flow flow_of(Class kind) {
  switch (kind) {
    case Class::kConditionalBranch:
    case Class::kCompareBranch:
    case Class::kTestBranch: return Flow::kConditional;
    case Class::kJump: return Flow::kJump;
    case Class::kIndirectJump:
    case Class::kAuthenticatedJump: return Flow::kIndirectJump;
    case Class::kCall: return Flow::kCall;
    case Class::kIndirectCall:
    case Class::kAuthenticatedCall: return Flow::kIndirectCall;
    case Class::kReturn:
    case Class::kAuthenticatedReturn: return Flow::kReturn;
    case Class::kTrap: return Flow::kTrap;
    default: return Flow::kNext;
  }
}

// C1.2.4, condition codes: 3 is lo, 9 is ls.
Condition condition_of(Word word, Class kind) {
  if (kind != Class::kConditionalBranch) return Condition::kNone;
  switch (bits(word, 3, 0)) {
    case 3: return Condition::kBelow;
    case 9: return Condition::kBelowOrEqual;
    default: return Condition::kNone;
  }
}

// linux arch/arm64/kernel/probes/decode-insn.c: arm_probe_decode_insn, the same
// for uprobes since they came with 4.10. Not counted: nop, which is emulated only
// since 6.13 (ac4ad5c09b34), and ldr of a literal, which was emulated wrongly and
// is refused since 6.12. `stp x29,x30,[sp,#-N]!` is stepped by all kernels.
bool is_emulated(Class kind) {
  switch (kind) {
    case Class::kConditionalBranch:
    case Class::kCompareBranch:
    case Class::kTestBranch:
    case Class::kJump:
    case Class::kCall:
    case Class::kIndirectJump:
    case Class::kIndirectCall:
    case Class::kReturn:
    case Class::kAddress: return true;
    default: return false;
  }
}

// The union of what any kernel since 5.8 refuses: aarch64_insn_is_steppable of
// the same file. System instructions are refused by some and never needed, so
// they count as refused, as does what we don't know.
bool is_probeable(Class kind) {
  switch (kind) {
    case Class::kUnknown:
    case Class::kAuthenticatedJump:
    case Class::kAuthenticatedCall:
    case Class::kAuthenticatedReturn:
    case Class::kSupervisorCall:
    case Class::kTrap:
    case Class::kHint:
    case Class::kSystem:
    case Class::kLoadLiteral:
    case Class::kExclusive: return false;
    default: return true;
  }
}

// Between a load-exclusive and its store-exclusive a probe's exception would
// make the store fail, forever if the program tries again. The kernel looks
// back like this for its own code, but not for uprobes.
// linux arch/arm64/kernel/probes/decode-insn.c: is_probed_address_atomic
bool is_in_exclusive_sequence(Bytes body, Offset offset) {
  for (std::size_t i = 1; i <= kMaxExclusiveWords && i * kWordBytes <= offset; ++i) {
    const auto word = word_at(body, offset - i * kWordBytes);
    if (!word || !is_exclusive(*word)) continue;
    return bit(*word, 22);  // a load, and no store came after it
  }
  return false;
}

RegisterSet written_by(const Transfer& transfer, Class kind) {
  RegisterSet writes = 0;
  if (transfer.writeback != Transfer::Writeback::kNone) writes |= set_of(or_sp(transfer.base));
  if (!transfer.is_load || transfer.is_vector || transfer.is_prefetch) return writes;
  writes |= set_of(or_zero(transfer.first));
  if (kind == Class::kPair) writes |= set_of(or_zero(transfer.second));
  return writes;
}

// At least what is written: registers too many are safe, too few are not.
RegisterSet writes_of(Word word, Class kind) {
  const auto low = or_zero(bits(word, 4, 0));
  const auto low_or_sp = or_sp(bits(word, 4, 0));
  const auto base = or_sp(bits(word, 9, 5));
  switch (kind) {
    case Class::kConditionalBranch:
    case Class::kCompareBranch:
    case Class::kTestBranch:
    case Class::kJump:
    case Class::kIndirectJump:
    case Class::kReturn:
    case Class::kTrap:
    case Class::kNop:
    case Class::kBarrier:
    case Class::kConditionalCompare: return 0;
    case Class::kCall:
    case Class::kIndirectCall:
    case Class::kAuthenticatedCall:
    case Class::kSupervisorCall: return kAllButSp;
    case Class::kAddImmediate:
    case Class::kAddExtended: return set_of(bit(word, 29) ? low : low_or_sp);
    case Class::kLogicalImmediate: return set_of(bits(word, 30, 29) == 3 ? low : low_or_sp);
    // C6.2 PACIASP and the like.
    case Class::kHint: return set_of(kX16) | set_of(kX17) | set_of(kX30);
    case Class::kAddress:
    case Class::kLoadLiteral:
    case Class::kOtherImmediate:
    case Class::kRegister:
    case Class::kSystem:
    case Class::kVector: return set_of(low);  // some vector instructions do
    case Class::kPair:
    case Class::kLoadStore: return written_by(transfer_of(word, kind), kind);
    case Class::kVectorStructure: return bit(word, 23) ? set_of(base) : 0;
    case Class::kAtomic: return set_of(low) | set_of(base);  // ldraa writes its base back
    case Class::kOrdered:
    case Class::kExclusive: {
      const auto status = bits(word, 20, 16);  // casp writes the next one, too
      return set_of(low) | set_of(or_zero(bits(word, 14, 10))) | set_of(or_zero(status)) |
             set_of(or_zero((status + 1) & 31U));
    }
    case Class::kAuthenticatedJump:
    case Class::kAuthenticatedReturn:
    case Class::kUnknown: break;
  }
  return ~RegisterSet{0};
}

// `sub x29,sp,#8`: go1.15 to go1.27 cmd/internal/obj/arm64/obj7.go: preprocess.
// x29 points to where the caller's is saved, right below the return address.
bool links_frame(Word word) {
  return word == 0xd10023fd;
}

std::optional<Instruction> decode(Bytes body, elf::Vaddr entry, Offset offset) {
  const auto word = word_at(body, offset);
  if (!word || (entry + offset) % kWordBytes != 0) return std::nullopt;
  const auto kind = class_of(*word);
  if (kind == Class::kUnknown) return std::nullopt;
  Instruction result;
  result.offset = offset;
  result.length = kWordBytes;
  result.flow = flow_of(kind);
  result.condition = condition_of(*word, kind);
  const bool in_sequence = is_in_exclusive_sequence(body, offset);
  result.emulated = is_emulated(kind) && !in_sequence;
  result.probeable = is_probeable(kind) && !in_sequence;
  result.is_nop = kind == Class::kNop;
  result.links_frame = links_frame(*word);
  result.writes = writes_of(*word, kind);
  const auto away = distance(*word, kind);
  if (!away || kind == Class::kAddress) return result;

  result.target_address = entry + offset + static_cast<elf::Vaddr>(*away);
  const auto target = result.target_address - entry;
  if (kind != Class::kCall && target < body.size()) result.target = static_cast<Offset>(target);
  return result;
}

// `sub sp,sp,#N`, `add sp,sp,#N`, `str x30,[sp,#-N]!` and `ldp x29,x30,[sp],#N`.
// Not of stores that write above where the stack pointer was: Go has none.
std::optional<std::int64_t> lowers_stack(Word word, Class kind) {
  if (kind == Class::kAddImmediate) {
    // C6.2 ADD and SUB (immediate), 64 bits: bit 22 shifts by 12.
    if ((word & 0xbf8003ff) != 0x910003ff) return std::nullopt;
    const auto by = static_cast<std::int64_t>(bits(word, 21, 10)) << (bit(word, 22) ? 12 : 0);
    return bit(word, 30) ? by : -by;
  }
  if (kind != Class::kPair && kind != Class::kLoadStore) return std::nullopt;
  const auto transfer = transfer_of(word, kind);
  using enum Transfer::Writeback;
  if (transfer.writeback == kNone) return std::nullopt;
  const auto total = std::int64_t{transfer.bytes} * (kind == Class::kPair ? 2 : 1);
  const bool stores_inside = transfer.writeback == kPre && transfer.displacement <= -total;
  if (transfer.is_load || stores_inside) return -transfer.displacement;
  return std::nullopt;
}

void add_transfer(Operation& result, const Transfer& transfer, Class kind) {
  if (transfer.is_prefetch) return;
  MemoryAccess access;
  access.base = or_sp(transfer.base);
  access.indexed = transfer.is_indexed;
  access.reads = transfer.is_load;
  access.writes = !transfer.is_load;
  access.displacement =
      transfer.writeback == Transfer::Writeback::kPost ? 0 : transfer.displacement;
  access.bytes = transfer.bytes;
  const auto add = [&](Word reg) {
    access.value = transfer.is_vector ? kNone : or_zero(reg);
    access.stores_zero = access.writes && !transfer.is_vector && reg == 31;
    result.add(access);
    access.displacement += transfer.bytes;
  };
  add(transfer.first);
  if (kind == Class::kPair) add(transfer.second);
}

std::optional<Operation> operation(Bytes bytes) {
  const auto word = word_at(bytes, 0);
  if (!word) return std::nullopt;
  const auto kind = class_of(*word);
  if (kind == Class::kUnknown) return std::nullopt;
  Operation result;
  const auto to = or_zero(bits(*word, 4, 0));
  const auto base = or_sp(bits(*word, 9, 5));
  result.lowers_stack = lowers_stack(*word, kind);
  switch (kind) {
    case Class::kPair:
    case Class::kLoadStore: add_transfer(result, transfer_of(*word, kind), kind); break;
    case Class::kOrdered:
    case Class::kExclusive:
    case Class::kAtomic:
    case Class::kVectorStructure:
      // Four vectors at most.
      result.add({.base = base, .reads = true, .writes = true, .bytes = 64});
      break;
    case Class::kRegister:
      // C6.2 MOV (register): orr xd,xzr,xm.
      if ((*word & 0xffe0ffe0) == 0xaa0003e0)
        result.copy = {.from = or_zero(bits(*word, 20, 16)), .to = to};
      break;
    case Class::kLogicalImmediate:
      if (const auto mask = logical_mask(*word); mask && bits(*word, 30, 29) == 0)
        result.masking = {.from = or_zero(bits(*word, 9, 5)), .to = to, .mask = *mask};
      break;
    default: break;
  }
  return result;
}

std::string format(Bytes bytes, elf::Vaddr address) {
  const auto word = word_at(bytes, 0);
  return word ? text_of(*word, address) : std::string();
}

}  // namespace

const Architecture& arm64() {
  static constexpr Architecture kArm64 = {
      .name = "arm64",
      .stack_pointer = kSp,
      .frame_pointer = kX29,
      // go1.15 to go1.27 cmd/internal/obj/arm64/a.out.go: REGTMP
      .frame_scratch = kX27,
      .arguments = {kX0, kX1, kX2, kX3, kX4},
      // go1.19 to go1.27 runtime/asm_arm64.s: gcWriteBarrier keeps all but x27,
      // x30 and, since go1.21, x25, in which it returns its buffer. A linker's
      // trampoline on the way there may use x16 and x17.
      .write_barrier_clobbers =
          set_of(kX16) | set_of(kX17) | set_of(kX25) | set_of(kX27) | set_of(kX30),
      .decode = decode,
      .operation = operation,
      .format = format,
  };
  return kArm64;
}

}  // namespace gomapd::code
