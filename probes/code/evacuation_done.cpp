// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "probes/code/site.h"
#include "probes/code/steps.h"

namespace gomapd::code {
namespace {

// go1.15 to go1.25 runtime/map.go (later map_noswiss.go): hmap.flags is at 8,
// sameSizeGrow is 8.
constexpr std::int64_t kFlagsOffset = 8;
constexpr std::uint64_t kWithoutSameSizeGrow = 0xf7;

// How far apart the compiler may schedule load, and, store.
constexpr std::uint32_t kMaxDistance = 8;

bool is_flags(const MemoryAccess& access) {
  return access.base != Register::kNone && !access.indexed && access.bytes == 1 &&
         access.displacement == kFlagsOffset && access.value != Register::kNone;
}

// The load or the store of a hmap's flags that the operation is, if it is one.
std::optional<MemoryAccess> flags_access(const Operation& operation) {
  if (operation.access_count != 1 || !is_flags(operation.accesses[0])) return std::nullopt;
  return operation.accesses[0];
}

bool clears_same_size_grow(const Operation& operation, Register value) {
  return operation.masking && operation.masking->from == value &&
         (operation.masking->mask & 0xffU) == kWithoutSameSizeGrow;
}

// The hmap's register if the instructions from the first on, all of one block,
// are the pattern. Others may stand between as long as they leave the registers
// alone.
Register match(const Architecture& architecture, Bytes body,
               std::span<const Instruction> instructions) {
  const auto at = [&](const Instruction& instruction) {
    return architecture.operation(body.subspan(instruction.offset, instruction.length));
  };
  const auto first = at(instructions.front());
  const auto load = first ? flags_access(*first) : std::nullopt;
  if (!load || load->writes || load->base == load->value) return Register::kNone;
  Register value = load->value;
  bool cleared = false;
  for (const auto& instruction : instructions.subspan(1) | std::views::take(kMaxDistance)) {
    const auto operation = at(instruction);
    if (!operation) return Register::kNone;
    const auto store = flags_access(*operation);
    if (cleared && store && store->writes && store->base == load->base && store->value == value)
      return load->base;
    if (!cleared && clears_same_size_grow(*operation, value) &&
        operation->masking->to != load->base) {
      cleared = true;
      value = operation->masking->to;
    } else if ((instruction.writes & (set_of(load->base) | set_of(value))) != 0) {
      return Register::kNone;
    }
  }
  return Register::kNone;
}

// Looks for a better place than the load itself: an emulated instruction that
// runs by turns with it, with the hmap in the same register.
class Replacement {
 public:
  Replacement(std::span<const Instruction> instructions, const Steps& steps, Steps::Index load,
              Register hmap)
      : instructions_(instructions), steps_(steps), load_(load), hmap_(set_of(hmap)) {}

  // The nearest one before the load that comes after `floor`.
  [[nodiscard]] std::optional<Steps::Index> before(std::optional<Steps::Index> floor) const {
    std::optional<Steps::Index> nearest;
    for (Steps::Index i = 0; i < instructions_.size(); ++i) {
      if (!instructions_[i].emulated || !steps_.alternate(i, load_)) continue;
      if (floor && (i == floor || steps_.after(i, load_)[*floor])) continue;
      if (!nearest || steps_.after(*nearest, load_)[i]) nearest = i;
    }
    if (nearest && keeps_hmap(*nearest, load_, Calls::kKeepIt)) return nearest;
    return std::nullopt;
  }

  // The nearest one after the load.
  [[nodiscard]] std::optional<Steps::Index> after() const {
    std::optional<Steps::Index> nearest;
    for (Steps::Index i = 0; i < instructions_.size(); ++i) {
      if (!instructions_[i].emulated || !steps_.alternate(load_, i)) continue;
      if (!nearest || steps_.after(i, load_)[*nearest]) nearest = i;
    }
    if (nearest && keeps_hmap(load_, *nearest, Calls::kClobberIt)) return nearest;
    return std::nullopt;
  }

 private:
  // Before the load, a call on the way must have kept the register (only
  // runtime.gcWriteBarrier does): the load goes on to use it. After the load
  // nobody may need it any more.
  enum class Calls : std::uint8_t { kKeepIt, kClobberIt };

  // No path from instruction `from` to instruction `to` overwrites the hmap
  // register. What the nearest candidate does not keep, the farther ones don't
  // either: from them the way is longer. So one question is enough.
  [[nodiscard]] bool keeps_hmap(Steps::Index from, Steps::Index to, Calls calls) const {
    const auto forward = steps_.after(from, to);
    const auto backward = steps_.leading_to(to, from);
    for (Steps::Index i = 0; i < instructions_.size(); ++i) {
      const bool between = i == from || (i != to && forward[i] && backward[i]);
      if (!between || (instructions_[i].writes & hmap_) == 0) continue;
      const auto flow = instructions_[i].flow;
      const bool is_call = flow == Flow::kCall || flow == Flow::kIndirectCall;
      if (!is_call || calls == Calls::kClobberIt) return false;
    }
    return true;
  }

  std::span<const Instruction> instructions_;
  const Steps& steps_;
  Steps::Index load_;
  RegisterSet hmap_;
};

}  // namespace

// The load of the flags, with the hmap's address in `hmap`.
struct FunctionCode::EvacuationDone {
  std::uint32_t load = 0;
  Register hmap = Register::kNone;
};

std::vector<FunctionCode::EvacuationDone> FunctionCode::find_evacuation_done() const {
  std::vector<EvacuationDone> found;
  for (std::uint32_t i = 0; i < instructions_.size(); ++i) {
    const auto last = flow_.block(flow_.block_of(i)).last;
    const auto hmap = match(*architecture_, body_, std::span(instructions_).subspan(i, last - i));
    if (hmap != Register::kNone) found.push_back({i, hmap});
  }
  return found;
}

Result<Site> FunctionCode::site_for(const EvacuationDone& done) const {
  const Steps steps(flow_);
  const Replacement replacement(instructions_, steps, done.load, done.hmap);
  auto index = replacement.before(check_branch());
  if (!index) index = replacement.after();
  if (!index && !instructions_[done.load].probeable)
    return fail(Errc::kUnsupported, name() + ": the end of a growth takes no probe");
  Site site = site_at(index.value_or(done.load));
  site.hmap = Location::in(done.hmap);
  return site;
}

Result<Site> FunctionCode::evacuation_done_site() const {
  TRY_VOID(check_steps());
  const auto found = find_evacuation_done();
  if (found.empty()) return fail(Errc::kUnsupported, name() + ": does not clear sameSizeGrow");
  if (found.size() > 1)
    return fail(
        Errc::kUnsupported,
        fmt::format("{}: clears sameSizeGrow in two places, +{:#x} and +{:#x}", name(),
                    instructions_[found[0].load].offset, instructions_[found[1].load].offset));
  if (flow_.graph().in_cycle(flow_.block_of(found.front().load)))
    return fail(Errc::kUnsupported, name() + ": clears sameSizeGrow in a loop");
  return site_for(found.front());
}

Result<std::vector<Site>> FunctionCode::evacuation_done_sites(
    const std::vector<InlinedCode>& copies) const {
  TRY_VOID(check_steps());
  const auto found = find_evacuation_done();
  if (found.size() != copies.size())
    return fail(Errc::kUnsupported,
                fmt::format("{}: clears sameSizeGrow in {} places for {} inlined calls", name(),
                            found.size(), copies.size()));
  std::vector<Site> sites;
  for (const auto& copy : copies) {
    const auto is_inside = [&](const EvacuationDone& done) {
      return copy.contains(instructions_[done.load].offset);
    };
    if (std::ranges::count_if(found, is_inside) != 1)
      return fail(Errc::kUnsupported,
                  name() + ": an inlined call does not clear sameSizeGrow once");
    sites.push_back(TRY(site_for(*std::ranges::find_if(found, is_inside))));
  }
  return sites;
}

}  // namespace gomapd::code
