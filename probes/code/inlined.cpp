// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/inlined.h"

#include <fmt/format.h>

#include <optional>

#include "probes/code/site.h"
#include "probes/code/steps.h"

// The sites of growth functions that a profile-guided build inlined.

namespace gomapd::code {
namespace {

// go1.15 to go1.25 runtime/map.go (later map_noswiss.go): type hmap.
constexpr std::int64_t kB = 9;
constexpr std::int64_t kNoverflow = 10;
constexpr std::int64_t kHash0 = 12;

// The stores of an instruction at [base + displacement]. Slots of the stack are
// no hmap's fields.
std::vector<MemoryAccess> stores_of(const Architecture& architecture, Bytes body,
                                    const Instruction& instruction) {
  std::vector<MemoryAccess> stores;
  const auto operation =
      architecture.operation(body.subspan(instruction.offset, instruction.length));
  if (!operation) return stores;
  std::ranges::copy_if(operation->memory(), std::back_inserter(stores), [&](const auto& access) {
    return access.writes && access.base != Register::kNone && !access.indexed &&
           access.base != architecture.stack_pointer;
  });
  return stores;
}

// May change B or noverflow of a hmap. Through whatever register: better one
// store too many than one too few.
bool changes_size(const MemoryAccess& store) {
  return store.displacement < kHash0 && store.displacement + store.bytes > kB;
}

bool clears_noverflow(const MemoryAccess& store) {
  return store.displacement == kNoverflow && store.bytes == 2 && store.stores_zero;
}

}  // namespace

Result<void> FunctionCode::check_steps() const {
  if (flow_.has_unknown_targets())
    return fail(Errc::kUnsupported, name() + ": an indirect jump hides where it leads");
  if (instructions_.size() > Steps::kMaxInstructions)
    return fail(Errc::kUnsupported,
                fmt::format("{}: more than {} instructions", name(), Steps::kMaxInstructions));
  return {};
}

Result<Site> FunctionCode::inlined_start_site(const InlinedCode& copy,
                                              const Preserves& preserves) const {
  TRY_VOID(check_steps());
  const Steps steps(flow_);
  const ArgumentTrace type(*architecture_, body_, instructions_, flow_, argument(0), preserves);
  const ArgumentTrace hmap(*architecture_, body_, instructions_, flow_, argument(1), preserves);

  std::vector<Steps::Index> changes;
  std::vector<Steps::Index> commits;
  for (Steps::Index i = 0; i < instructions_.size(); ++i) {
    if (!copy.contains(instructions_[i].offset)) continue;
    for (const auto& store : stores_of(*architecture_, body_, instructions_[i])) {
      if (changes_size(store)) changes.push_back(i);
      if (clears_noverflow(store) && hmap.holds(store.base, i)) commits.push_back(i);
    }
  }
  if (commits.size() != 1)
    return fail(Errc::kUnsupported,
                fmt::format("{}: sets noverflow to 0 in {} places of an inlined call", name(),
                            commits.size()));

  // Every change in the copy comes after the site, at most once a pass.
  const auto comes_before_changes = [&](Steps::Index site) {
    const auto from_entry = steps.from_entry(site);
    return std::ranges::none_of(changes, [&](Steps::Index change) {
      return from_entry[change] || steps.after(change, site)[change];
    });
  };
  std::optional<Site> best;
  for (Steps::Index i = 0; i < instructions_.size(); ++i) {
    if (!instructions_[i].emulated || !copy.contains(instructions_[i].offset)) continue;
    if (!steps.alternate(i, commits.front()) || !comes_before_changes(i)) continue;
    Site site = site_at(i);
    site.type = type.at(i);
    site.hmap = hmap.at(i);
    if (!site.frame_linked || !site.type.is_known() || !site.hmap.is_known()) continue;
    const auto is_in_registers = [](const Site& one) {
      return one.type.kind == Location::Kind::kRegister &&
             one.hmap.kind == Location::Kind::kRegister;
    };
    if (!best || (is_in_registers(site) && !is_in_registers(*best))) best = site;
  }
  if (!best)
    return fail(Errc::kUnsupported,
                name() + ": no instruction tells that an inlined growth starts");
  return *best;
}

Result<Site> FunctionCode::inlined_end_site(const InlinedCode& copy) const {
  TRY_VOID(check_steps());
  const Steps steps(flow_);
  std::optional<Steps::Index> last;
  for (Steps::Index i = 0; i < instructions_.size(); ++i) {
    if (!instructions_[i].emulated || !copy.contains(instructions_[i].offset)) continue;
    if (steps.after(i, steps.nothing())[i] || !steps.after(i, steps.nothing())[steps.exit()])
      continue;
    const auto reached = steps.from_entry(i);
    const auto returns = steps.leading_to(steps.exit(), i);
    bool avoidable = false;
    for (Steps::Index k = 0; k < instructions_.size() && !avoidable; ++k)
      avoidable = k != i && reached[k] && returns[k] && copy.contains(instructions_[k].offset);
    if (avoidable) continue;
    if (!last || steps.after(*last, steps.nothing())[i]) last = i;
  }
  if (!last)
    return fail(Errc::kUnsupported, name() + ": no instruction tells that an inlined call ends");
  const auto work = work_after(*last);
  if (work == Work::kHashingLoop)
    return fail(Errc::kUnsupported, name() + ": an inlined call ends in its copying loop");
  Site site = site_at(*last);
  site.work_follows = work != Work::kNone;
  return site;
}

bool FunctionCode::runs_one_of(const std::vector<Offset>& instructions,
                               const std::vector<elf::Vaddr>& callees) const {
  if (!check_steps()) return false;
  std::vector<Steps::Index> marks;
  for (Steps::Index i = 0; i < instructions_.size(); ++i) {
    const auto& instruction = instructions_[i];
    const bool is_call = instruction.flow == Flow::kCall &&
                         std::ranges::find(callees, instruction.target_address) != callees.end();
    if (is_call || std::ranges::find(instructions, instruction.offset) != instructions.end())
      marks.push_back(i);
  }
  return Steps(flow_).runs_one_of(marks);
}

}  // namespace gomapd::code
