// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/control_flow.h"

#include <algorithm>
#include <optional>

namespace gomapd::code {
namespace {

using Instructions = std::span<const Instruction>;

// Index of the instruction at `offset`, which is the start of one.
std::uint32_t index_of(Instructions instructions, Offset offset) {
  const auto at = std::ranges::lower_bound(instructions, offset, {}, &Instruction::offset);
  return static_cast<std::uint32_t>(at - instructions.begin());
}

bool falls_through(Instructions instructions, std::uint32_t index) {
  const auto& instruction = instructions[index];
  switch (instruction.flow) {
    case Flow::kJump:
    case Flow::kIndirectJump:
    case Flow::kReturn:
    case Flow::kTrap: return false;
    default: break;
  }
  // A function may end in a call that never returns, or in a nop after it.
  return !instruction.never_returns && index + 1 < instructions.size() &&
         instructions[index + 1].offset == instruction.end();
}

bool ends_block(const Instruction& instruction) {
  switch (instruction.flow) {
    case Flow::kNext:
    case Flow::kIndirectCall: return false;
    case Flow::kCall: return instruction.never_returns;
    default: return true;
  }
}

}  // namespace

ControlFlow::ControlFlow(Instructions instructions) {
  split(instructions);
  auto edges = connect(instructions);
  graph_ = Graph(anywhere() + 1, edges);
  cut_restarts(edges, instructions);
  graph_ = Graph(anywhere() + 1, edges);
}

void ControlFlow::split(Instructions instructions) {
  std::vector<bool> leads(instructions.size() + 1);
  leads[0] = true;
  for (std::uint32_t i = 0; i < instructions.size(); ++i) {
    const auto& target = instructions[i].target;
    if (target) leads[index_of(instructions, *target)] = true;
    if (ends_block(instructions[i]) || !falls_through(instructions, i)) leads[i + 1] = true;
  }
  block_of_.resize(instructions.size());
  for (std::uint32_t i = 0; i < instructions.size(); ++i) {
    if (leads[i]) blocks_.push_back({.first = i, .last = i});
    blocks_.back().last = i + 1;
    block_of_[i] = static_cast<Node>(blocks_.size() - 1);
  }
}

std::vector<Graph::Edge> ControlFlow::connect(Instructions instructions) const {
  std::vector<Graph::Edge> edges;
  bool unknown = false;
  for (Node node = 0; node < blocks_.size(); ++node) {
    const auto last = blocks_[node].last - 1;
    const auto& instruction = instructions[last];
    if (falls_through(instructions, last)) edges.emplace_back(node, block_of_[last + 1]);
    switch (instruction.flow) {
      case Flow::kConditional:
      case Flow::kJump:  // a tail call when it leads out of the function
        edges.emplace_back(node, instruction.target
                                     ? block_of_[index_of(instructions, *instruction.target)]
                                     : exit());
        break;
      case Flow::kReturn: edges.emplace_back(node, exit()); break;
      case Flow::kIndirectJump:
        edges.emplace_back(node, anywhere());
        unknown = true;
        break;
      default: break;
    }
  }
  if (!unknown) return edges;
  // No table of jumps leads to the entry: only the stack check's tail does.
  for (Node node = 1; node <= exit(); ++node) edges.emplace_back(anywhere(), node);
  return edges;
}

// Go's stack check: on too small a stack, or when the scheduler wants the
// goroutine to stop, control leaves to a tail that spills the arguments, calls
// runtime.morestack and jumps to the entry.
// cmd/internal/obj/x86/obj6.go, arm64/obj7.go: stacksplit
void ControlFlow::cut_restarts(std::vector<Graph::Edge>& edges, Instructions instructions) {
  using enum Graph::Direction;
  has_unknown_targets_ = !graph_.predecessors(anywhere()).empty();
  restarts_.assign(graph_.size(), false);
  const auto returns = graph_.reach(exit(), kBackward, kEntry);
  const auto to_entry = graph_.reach(kEntry, kBackward);
  bool calls = false;
  for (Node node = kEntry + 1; node < exit(); ++node) {
    restarts_[node] = to_entry[node] && !returns[node];
    if (!restarts_[node]) continue;
    for (auto i = blocks_[node].first; i < blocks_[node].last; ++i)
      calls = calls || instructions[i].flow == Flow::kCall;
  }
  // A loop whose head is the entry of a function without a stack check.
  if (!calls) restarts_.assign(graph_.size(), false);
  std::erase_if(edges,
                [&](const auto& edge) { return edge.second == kEntry && restarts_[edge.first]; });
}

}  // namespace gomapd::code
