// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "probes/code/decoder.h"
#include "probes/code/site.h"

namespace gomapd::code {
namespace {

// go1.15 to go1.25 runtime/map.go (later map_noswiss.go): hmap.flags is at 8,
// sameSizeGrow is 8.
constexpr std::int64_t kFlagsOffset = 8;
constexpr std::uint64_t kWithoutSameSizeGrow = 0xf7;

// How far apart the compiler may schedule load, and, store.
constexpr std::uint32_t kMaxDistance = 8;

// A byte-sized memory operand [reg+8] without index or segment: the reg.
Register base_of_flags(const ZydisDecodedOperand& operand) {
  if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY || operand.size != 8) return Register::kNone;
  const auto& memory = operand.mem;
  if (memory.index != ZYDIS_REGISTER_NONE || memory.disp.value != kFlagsOffset ||
      memory.segment == ZYDIS_REGISTER_FS || memory.segment == ZYDIS_REGISTER_GS ||
      ZydisRegisterGetClass(memory.base) != ZYDIS_REGCLASS_GPR64)
    return Register::kNone;
  return general_register(memory.base);
}

// The register whose low byte the operand holds.
Register low_byte_of(const ZydisDecodedOperand& operand) {
  if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) return Register::kNone;
  if (operand.reg.value >= ZYDIS_REGISTER_AH && operand.reg.value <= ZYDIS_REGISTER_BH)
    return Register::kNone;
  return general_register(operand.reg.value);
}

struct Load {
  Register base = Register::kNone;
  Register value = Register::kNone;
};

Load flags_load(const MachineInstruction& machine) {
  if (machine.head.mnemonic != ZYDIS_MNEMONIC_MOVZX && machine.head.mnemonic != ZYDIS_MNEMONIC_MOV)
    return {};
  return {.base = base_of_flags(machine.operands[1]), .value = low_byte_of(machine.operands[0])};
}

bool clears_same_size_grow(const MachineInstruction& machine, Register value) {
  const auto& mask = machine.operands[1];
  return machine.head.mnemonic == ZYDIS_MNEMONIC_AND && low_byte_of(machine.operands[0]) == value &&
         mask.type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
         (mask.imm.value.u & 0xffU) == kWithoutSameSizeGrow;
}

bool stores_flags(const MachineInstruction& machine, const Load& load) {
  return machine.head.mnemonic == ZYDIS_MNEMONIC_MOV &&
         base_of_flags(machine.operands[0]) == load.base &&
         low_byte_of(machine.operands[1]) == load.value;
}

// Whether the instructions from `load` on, all of one block, are the pattern.
// Others may stand between as long as they leave both registers alone.
Register match(Bytes body, std::span<const Instruction> instructions) {
  const auto at = [&](const Instruction& instruction) {
    return decode_machine_instruction(body.subspan(instruction.offset, instruction.length));
  };
  const auto first = at(instructions.front());
  if (!first) return Register::kNone;
  const Load load = flags_load(*first);
  if (load.base == Register::kNone || load.value == Register::kNone || load.base == load.value)
    return Register::kNone;
  bool cleared = false;
  for (const auto& instruction : instructions.subspan(1) | std::views::take(kMaxDistance)) {
    const auto machine = at(instruction);
    if (!machine) return Register::kNone;
    if (cleared && stores_flags(*machine, load)) return load.base;
    if (!cleared && clears_same_size_grow(*machine, load.value))
      cleared = true;
    else if ((instruction.writes & (set_of(load.base) | set_of(load.value))) != 0)
      return Register::kNone;
  }
  return Register::kNone;
}

// Looks for a better place than the load itself.
class Replacement {
 public:
  Replacement(std::span<const Instruction> instructions, const ControlFlow& flow,
              std::uint32_t load, Register hmap)
      : instructions_(instructions),
        flow_(flow),
        load_(load),
        home_(flow.block_of(load)),
        hmap_(set_of(hmap)) {}

  // The nearest emulated instruction before the load that runs exactly when the
  // load does, and comes after `floor`.
  [[nodiscard]] std::optional<std::uint32_t> before(std::optional<std::uint32_t> floor) const {
    const auto avoids = flow_.graph().reach(flow_.exit(), Graph::Direction::kBackward, home_);
    const auto once = flow_.graph().once_between(ControlFlow::kEntry, home_);
    for (const Node node : once | std::views::reverse) {
      if (node >= flow_.exit() || avoids[node]) continue;
      for (auto i = node == home_ ? load_ : flow_.block(node).last;
           i-- > flow_.block(node).first;) {
        if (floor == i) return std::nullopt;
        if (instructions_[i].emulated) return if_keeps_hmap(i, i, load_, Calls::kKeepIt);
      }
    }
    return std::nullopt;
  }

  // The same after the load.
  [[nodiscard]] std::optional<std::uint32_t> after() const {
    const auto avoids = flow_.graph().reach(ControlFlow::kEntry, Graph::Direction::kForward, home_);
    for (const Node node : flow_.graph().once_between(home_, flow_.exit())) {
      if (node >= flow_.exit() || avoids[node]) continue;
      for (auto i = node == home_ ? load_ + 1 : flow_.block(node).first; i < flow_.block(node).last;
           ++i)
        if (instructions_[i].emulated) return if_keeps_hmap(i, load_, i, Calls::kClobberIt);
    }
    return std::nullopt;
  }

 private:
  // Before the load, a call on the way must have kept the register (only
  // runtime.gcWriteBarrier does): the load goes on to use it. After the load
  // nobody may need it any more.
  enum class Calls : std::uint8_t { kKeepIt, kClobberIt };

  // What the nearest candidate does not keep, the farther ones don't either:
  // from them the way is longer. So one question is enough.
  [[nodiscard]] std::optional<std::uint32_t> if_keeps_hmap(std::uint32_t candidate,
                                                           std::uint32_t from, std::uint32_t to,
                                                           Calls calls) const {
    return keeps_hmap(from, to, calls) ? std::optional(candidate) : std::nullopt;
  }

  [[nodiscard]] bool overwrites(std::uint32_t first, std::uint32_t last, Calls calls) const {
    const auto range = instructions_.subspan(first, last - first);
    return std::ranges::any_of(range, [&](const auto& instruction) {
      const bool is_call =
          instruction.flow == Flow::kCall || instruction.flow == Flow::kIndirectCall;
      if (is_call && calls == Calls::kKeepIt) return false;
      return (instruction.writes & hmap_) != 0;
    });
  }

  // No path from instruction `from` to instruction `to` overwrites the hmap
  // register. Both run once, so neither is on a path between them.
  [[nodiscard]] bool keeps_hmap(std::uint32_t from, std::uint32_t to, Calls calls) const {
    const Node first = flow_.block_of(from);
    const Node last = flow_.block_of(to);
    if (first == last) return !overwrites(from, to, calls);
    if (overwrites(from, flow_.block(first).last, calls)) return false;
    if (overwrites(flow_.block(last).first, to, calls)) return false;
    const auto forward = flow_.graph().reach(first, Graph::Direction::kForward, last);
    const auto backward = flow_.graph().reach(last, Graph::Direction::kBackward, first);
    for (Node node = 0; node < flow_.exit(); ++node)
      if (node != first && node != last && forward[node] && backward[node] &&
          overwrites(flow_.block(node).first, flow_.block(node).last, calls))
        return false;
    return true;
  }

  std::span<const Instruction> instructions_;
  const ControlFlow& flow_;
  std::uint32_t load_;
  Node home_;
  RegisterSet hmap_;
};

}  // namespace

Result<Site> FunctionCode::evacuation_done_site() const {
  if (flow_.has_unknown_targets())
    return fail(Errc::kUnsupported, name() + ": an indirect jump hides when a growth ends");
  std::optional<std::uint32_t> load;
  Register hmap = Register::kNone;
  for (std::uint32_t i = 0; i < instructions_.size(); ++i) {
    const auto last = flow_.block(flow_.block_of(i)).last;
    const auto base = match(body_, std::span(instructions_).subspan(i, last - i));
    if (base == Register::kNone) continue;
    if (load)
      return fail(Errc::kUnsupported,
                  fmt::format("{}: clears sameSizeGrow in two places, +{:#x} and +{:#x}", name(),
                              instructions_[*load].offset, instructions_[i].offset));
    load = i;
    hmap = base;
  }
  if (!load) return fail(Errc::kUnsupported, name() + ": does not clear sameSizeGrow");
  if (flow_.graph().in_cycle(flow_.block_of(*load)))
    return fail(Errc::kUnsupported, name() + ": clears sameSizeGrow in a loop");

  const Replacement replacement(instructions_, flow_, *load, hmap);
  auto index = replacement.before(check_branch());
  if (!index) index = replacement.after();
  if (!index && !instructions_[*load].probeable)
    return fail(Errc::kUnsupported, name() + ": the end of a growth takes no probe");
  Site site = site_at(index.value_or(*load));
  site.hmap = hmap;
  return site;
}

}  // namespace gomapd::code
