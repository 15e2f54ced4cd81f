// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/site.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

namespace gomapd::code {
namespace {

bool writes(const Instruction& instruction, Register reg) {
  return (instruction.writes & set_of(reg)) != 0;
}

bool is_call(const Instruction& instruction) {
  return instruction.flow == Flow::kCall || instruction.flow == Flow::kIndirectCall;
}

}  // namespace

Result<FunctionCode> FunctionCode::decode(Bytes body, elf::Vaddr entry, elf::Machine machine,
                                          const NeverReturns& never_returns) {
  FunctionCode code;
  code.instructions_ = TRY(decode_function(body, entry, machine, never_returns));
  code.architecture_ = architecture_of(machine);
  code.entry_ = entry;
  code.body_.assign(body.begin(), body.end());
  code.flow_ = ControlFlow(code.instructions_);
  code.link_frames();
  return code;
}

std::string FunctionCode::name() const {
  return fmt::format("function at {:#x}", entry_);
}

// Callees keep the frame pointer.
bool FunctionCode::links_frame_after(bool linked, const Instruction& instruction) const {
  if (instruction.links_frame) return true;
  return linked && (is_call(instruction) || !writes(instruction, architecture_->frame_pointer));
}

// Whether the frame pointer is the function's when a block begins: it is when
// it is at the end of all blocks before it. Starts from "yes everywhere but at
// the entry" and takes back, so each block changes at most once.
void FunctionCode::link_frames() {
  const auto& graph = flow_.graph();
  frame_linked_.assign(graph.size(), true);
  std::vector<Node> pending;
  const auto unlink = [&](Node node) {
    if (!frame_linked_[node]) return;
    frame_linked_[node] = false;
    pending.push_back(node);
  };
  unlink(ControlFlow::kEntry);
  const auto linked_at_end = [&](Node node) {
    bool linked = frame_linked_[node];
    if (node >= flow_.exit()) return linked;
    for (auto i = flow_.block(node).first; i < flow_.block(node).last; ++i)
      linked = links_frame_after(linked, instructions_[i]);
    return linked;
  };
  for (Node node = 0; node < flow_.exit(); ++node)
    if (!linked_at_end(node)) std::ranges::for_each(graph.successors(node), unlink);
  while (!pending.empty()) {
    const Node node = pending.back();
    pending.pop_back();
    if (!linked_at_end(node)) std::ranges::for_each(graph.successors(node), unlink);
  }
}

Site FunctionCode::site_at(std::uint32_t index) const {
  const Node node = flow_.block_of(index);
  bool linked = frame_linked_[node];
  for (auto i = flow_.block(node).first; i < index; ++i)
    linked = links_frame_after(linked, instructions_[i]);
  Site site;
  site.instruction = instructions_[index];
  site.frame_linked = linked;
  return site;
}

// The most that may still be executed between the instruction, itself
// included, and the return.
FunctionCode::Work FunctionCode::work_after(std::uint32_t index) const {
  const Node home = flow_.block_of(index);
  const auto reached = flow_.graph().reach(home, Graph::Direction::kForward);
  const auto returns = flow_.graph().reach(flow_.exit(), Graph::Direction::kBackward);
  auto work = Work::kNone;
  for (Node node = 0; node < flow_.exit(); ++node) {
    if (!reached[node] || !returns[node]) continue;
    const bool loops = flow_.graph().in_cycle(node);
    if (loops) work = Work::kCallsOrLoops;
    for (auto i = node == home ? index : flow_.block(node).first; i < flow_.block(node).last; ++i) {
      if (loops && instructions_[i].flow == Flow::kIndirectCall) return Work::kHashingLoop;
      if (is_call(instructions_[i])) work = Work::kCallsOrLoops;
    }
  }
  return work;
}

// A check is a chain of blocks from the entry on that only compare and branch
// to the tail which calls runtime.morestack: one block as a rule, two for huge
// frames (`sub` may wrap, so it has a branch of its own).
// cmd/internal/obj/x86/obj6.go, arm64/obj7.go: stacksplit
std::optional<std::uint32_t> FunctionCode::check_branch() const {
  std::optional<std::uint32_t> result;
  Node node = ControlFlow::kEntry;
  while (node < flow_.exit() && !flow_.graph().in_cycle(node)) {
    const auto& block = flow_.block(node);
    const auto instructions =
        std::span(instructions_).subspan(block.first, block.last - block.first);
    const bool compares_only = std::ranges::none_of(instructions, [&](const auto& instruction) {
      return is_call(instruction) || instruction.links_frame ||
             writes(instruction, architecture_->stack_pointer);
    });
    const auto successors = flow_.graph().successors(node);
    if (!compares_only || instructions.back().flow != Flow::kConditional || successors.size() != 2)
      return result;
    const bool first_restarts = flow_.restarts(successors[0]);
    if (first_restarts == flow_.restarts(successors[1])) return result;
    result = block.last - 1;
    node = first_restarts ? successors[1] : successors[0];
    if (flow_.graph().predecessors(node).size() != 1) return result;
  }
  return result;
}

Result<Site> FunctionCode::start_site() const {
  const auto branch = check_branch();
  return branch ? start_after_check(*branch) : start_without_check();
}

Result<Site> FunctionCode::start_after_check(std::uint32_t branch) const {
  const auto successors = flow_.graph().successors(flow_.block_of(branch));
  const Node passed = flow_.restarts(successors[0]) ? successors[1] : successors[0];
  const bool runs_once = passed < flow_.exit() && !flow_.graph().in_cycle(passed) &&
                         flow_.graph().predecessors(passed).size() == 1;
  const auto after = runs_once ? flow_.block(passed).first : branch;
  if (runs_once && instructions_[after].emulated) return site_at(after);

  const auto& check = instructions_[branch];
  const bool taken_restarts =
      check.target && flow_.restarts(flow_.block_of(index_of(*check.target)));
  if (check.emulated && check.condition == Condition::kBelowOrEqual && taken_restarts) {
    Site site = site_at(branch);
    site.rule = HitRule::kUnlessBranchTaken;
    return site;
  }
  if (runs_once && instructions_[after].probeable) return site_at(after);
  return fail(Errc::kUnsupported, name() + ": no safe place after its stack check");
}

// Looks no further than the first block: its last instruction is a branch,
// hence emulated, unless the function returns from it.
Result<Site> FunctionCode::start_without_check() const {
  if (flow_.graph().in_cycle(ControlFlow::kEntry))
    return fail(Errc::kUnsupported, name() + ": has no stack check and loops to its entry");
  std::optional<std::uint32_t> stepped;
  bool linked = false;
  bool stack_moved = false;
  RegisterSet arguments = 0;
  for (const auto reg : architecture_->arguments) arguments |= set_of(reg);
  const auto& block = flow_.block(ControlFlow::kEntry);
  for (auto i = block.first; i < block.last; ++i) {
    const auto& instruction = instructions_[i];
    // Between `push rbp` and `mov rbp,rsp` the arguments on the stack and the
    // return address are at neither of the places that Site promises.
    const bool stack_known = linked || !stack_moved;
    if (stack_known && instruction.emulated) return site_at(i);
    if (stack_known && instruction.probeable && !stepped) stepped = i;
    if ((instruction.writes & arguments) != 0) break;
    linked = links_frame_after(linked, instruction);
    stack_moved = stack_moved || writes(instruction, architecture_->stack_pointer);
  }
  if (stepped) return site_at(*stepped);
  return fail(Errc::kUnsupported, name() + ": no instruction at its start takes a probe");
}

Result<std::vector<Site>> FunctionCode::end_sites() const {
  if (flow_.has_unknown_targets())
    return fail(Errc::kUnsupported, name() + ": an indirect jump hides where it returns");
  const auto start = TRY(start_site());
  const auto once = flow_.graph().once_between(ControlFlow::kEntry, flow_.exit());
  if (once.empty()) return fail(Errc::kUnsupported, name() + ": never returns");
  if (emulates_returns()) return return_sites();
  for (const Node node : once | std::views::reverse) {
    if (node == flow_.exit()) continue;
    const auto& block = flow_.block(node);
    for (auto i = block.last; i-- > block.first;) {
      const auto& instruction = instructions_[i];
      if (instruction.offset == start.instruction.offset) return return_sites();
      if (!instruction.emulated) continue;
      const auto work = work_after(i);
      if (work == Work::kHashingLoop) return return_sites();
      Site site = site_at(i);
      site.work_follows = work != Work::kNone;
      return std::vector{site};
    }
  }
  return return_sites();
}

// On arm64 the kernel emulates RET, and nothing comes later in a call.
bool FunctionCode::emulates_returns() const {
  return std::ranges::all_of(flow_.graph().predecessors(flow_.exit()), [&](Node node) {
    const auto& last = instructions_[flow_.block(node).last - 1];
    return last.flow == Flow::kReturn && last.emulated;
  });
}

Result<std::vector<Site>> FunctionCode::return_sites() const {
  if (flow_.has_unknown_targets())
    return fail(Errc::kUnsupported, name() + ": an indirect jump hides where it returns");
  std::vector<Site> sites;
  for (const Node node : flow_.graph().predecessors(flow_.exit())) {
    const auto last = flow_.block(node).last - 1;
    if (instructions_[last].flow == Flow::kConditional)
      return fail(Errc::kUnsupported, name() + ": a branch leads out of it");
    if (!instructions_[last].probeable)
      return fail(Errc::kUnsupported, name() + ": returns by an instruction that takes no probe");
    sites.push_back(site_at(last));
  }
  if (sites.empty()) return fail(Errc::kUnsupported, name() + ": never returns");
  return sites;
}

// Of the instruction at `offset`, which is the start of one.
std::uint32_t FunctionCode::index_of(Offset offset) const {
  const auto at = std::ranges::lower_bound(instructions_, offset, {}, &Instruction::offset);
  return static_cast<std::uint32_t>(at - instructions_.begin());
}

Location FunctionCode::argument(std::size_t index) const {
  return Location::in(architecture_->arguments.at(index));
}

Location FunctionCode::find_argument(const Location& argument, const Instruction& site,
                                     const Preserves& preserves) const {
  return ArgumentTrace(*architecture_, body_, instructions_, flow_, argument, preserves)
      .at(index_of(site.offset));
}

}  // namespace gomapd::code
