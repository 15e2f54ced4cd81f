// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <fmt/format.h>

#include <array>

#include "probes/code/arm64_encoding.h"

namespace gomapd::code::arm64_encoding {
namespace {

std::string reg(Word field, bool is_64_bit, std::string_view name_of_31) {
  if (field == 31) return std::string(name_of_31);
  return fmt::format("{}{}", is_64_bit ? 'x' : 'w', field);
}

std::string base_register(Word field) {
  return reg(field, true, "sp");
}

std::string_view condition(Word word) {
  constexpr std::array<std::string_view, 16> kNames = {"eq", "ne", "hs", "lo", "mi", "pl",
                                                       "vs", "vc", "hi", "ls", "ge", "lt",
                                                       "gt", "le", "al", "nv"};
  return kNames.at(bits(word, 3, 0));
}

std::string signed_hex(std::int64_t value) {
  return value < 0 ? fmt::format("#-{:#x}", -value) : fmt::format("#{:#x}", value);
}

std::string branch(Word word, Class kind, elf::Vaddr target) {
  switch (kind) {
    case Class::kConditionalBranch: return fmt::format("b.{} {:#x}", condition(word), target);
    case Class::kCompareBranch:
      return fmt::format("{} {}, {:#x}", bit(word, 24) ? "cbnz" : "cbz",
                         reg(bits(word, 4, 0), bit(word, 31), bit(word, 31) ? "xzr" : "wzr"),
                         target);
    case Class::kTestBranch:
      return fmt::format("{} {}, #{}, {:#x}", bit(word, 24) ? "tbnz" : "tbz",
                         reg(bits(word, 4, 0), bit(word, 31), bit(word, 31) ? "xzr" : "wzr"),
                         bits(word, 23, 19) + (bit(word, 31) ? 32U : 0U), target);
    case Class::kCall: return fmt::format("bl {:#x}", target);
    default: return fmt::format("b {:#x}", target);
  }
}

std::string address_of(Word word, elf::Vaddr address) {
  const bool is_page = bit(word, 31);
  const auto away = static_cast<elf::Vaddr>(distance(word, Class::kAddress).value_or(0));
  const auto from = is_page ? address & ~elf::Vaddr{0xfff} : address;
  return fmt::format("{} {}, {:#x}", is_page ? "adrp" : "adr", reg(bits(word, 4, 0), true, "xzr"),
                     from + away);
}

std::string place(const Transfer& transfer) {
  using enum Transfer::Writeback;
  const auto base = base_register(transfer.base);
  const auto by = signed_hex(transfer.displacement);
  switch (transfer.writeback) {
    case kPre: return fmt::format("[{}, {}]!", base, by);
    case kPost: return fmt::format("[{}], {}", base, by);
    case kNone: break;
  }
  return transfer.displacement == 0 ? fmt::format("[{}]", base) : fmt::format("[{}, {}]", base, by);
}

// ldr, ldrb, ldrh, str, strb, strh, ldp and stp of general registers.
std::string load_store(Word word, Class kind) {
  const auto transfer = transfer_of(word, kind);
  const bool is_unprivileged =
      kind == Class::kLoadStore && !bit(word, 24) && bits(word, 11, 10) == 2;
  const bool extends_sign = kind == Class::kPair ? bits(word, 31, 30) == 1 : bit(word, 23);
  if (transfer.is_vector || transfer.is_indexed || is_unprivileged || extends_sign) return {};
  const bool is_64_bit = transfer.bytes == 8;
  const auto zero = is_64_bit ? "xzr" : "wzr";
  const auto verb = transfer.is_load ? "ld" : "st";
  const auto first = reg(transfer.first, is_64_bit, zero);
  if (kind == Class::kPair)
    return fmt::format("{}p {}, {}, {}", verb, first, reg(transfer.second, is_64_bit, zero),
                       place(transfer));
  const bool is_unscaled = !bit(word, 24) && transfer.writeback == Transfer::Writeback::kNone;
  const auto size = transfer.bytes == 1 ? "b" : transfer.bytes == 2 ? "h" : "";
  return fmt::format("{}{}r{} {}, {}", verb, is_unscaled ? "u" : "", size, first, place(transfer));
}

// add and sub of an immediate, without flags.
std::string add_immediate(Word word) {
  if ((word & 0x3f800000) != 0x11000000) return {};
  const bool is_64_bit = bit(word, 31);
  const auto sp = is_64_bit ? "sp" : "wsp";
  return fmt::format("{} {}, {}, #{:#x}", bit(word, 30) ? "sub" : "add",
                     reg(bits(word, 4, 0), is_64_bit, sp), reg(bits(word, 9, 5), is_64_bit, sp),
                     bits(word, 21, 10) << (bit(word, 22) ? 12U : 0U));
}

std::string plain_text(Word word, elf::Vaddr address) {
  const auto kind = class_of(word);
  switch (kind) {
    case Class::kConditionalBranch:
    case Class::kCompareBranch:
    case Class::kTestBranch:
    case Class::kJump:
    case Class::kCall:
      return branch(word, kind,
                    address + static_cast<elf::Vaddr>(distance(word, kind).value_or(0)));
    case Class::kIndirectJump: return "br " + reg(bits(word, 9, 5), true, "xzr");
    case Class::kIndirectCall: return "blr " + reg(bits(word, 9, 5), true, "xzr");
    case Class::kReturn:
      return bits(word, 9, 5) == 30 ? "ret" : "ret " + reg(bits(word, 9, 5), true, "xzr");
    case Class::kAddress: return address_of(word, address);
    case Class::kNop: return "nop";
    case Class::kPair:
    case Class::kLoadStore: return load_store(word, kind);
    case Class::kAddImmediate: return add_immediate(word);
    default: return {};
  }
}

}  // namespace

std::string text_of(Word word, elf::Vaddr address) {
  auto text = plain_text(word, address);
  return text.empty() ? fmt::format(".inst {:#010x}", word) : text;
}

}  // namespace gomapd::code::arm64_encoding
