// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "probes/code/instruction.h"

namespace gomapd::code {

// A node of a control-flow graph: a basic block, or one of two virtual nodes.
using Node = std::uint32_t;

// A directed graph whose nodes are 0 to size-1. All its algorithms are linear
// in nodes and edges and use no recursion: the function may be an attacker's.
class Graph {
 public:
  using Edge = std::pair<Node, Node>;
  enum class Direction : std::uint8_t { kForward, kBackward };

  Graph() = default;
  Graph(Node size, std::span<const Edge> edges);

  [[nodiscard]] Node size() const { return static_cast<Node>(in_cycle_.size()); }
  [[nodiscard]] std::span<const Node> successors(Node node) const;
  [[nodiscard]] std::span<const Node> predecessors(Node node) const;

  // The node can be reached from itself.
  [[nodiscard]] bool in_cycle(Node node) const { return in_cycle_[node]; }

  // For each node whether it can be reached from `start` without entering
  // `barrier`; `start` itself counts.
  [[nodiscard]] std::vector<bool> reach(Node start, Direction direction, Node barrier) const;
  [[nodiscard]] std::vector<bool> reach(Node start, Direction direction) const {
    return reach(start, direction, size());
  }

  // The nodes that every path from `from` to `to` enters exactly once, in the
  // order in which it does: what dominates `to` and lies in no cycle. Empty
  // when there is no path.
  [[nodiscard]] std::vector<Node> once_between(Node from, Node to) const;

 private:
  struct Adjacency {
    std::vector<std::uint32_t> first;  // of a node's neighbours; size + 1 of them
    std::vector<Node> neighbours;
  };
  static Adjacency adjacency(Node size, std::span<const Edge> edges, Direction direction);
  void find_cycles();

  Adjacency successors_;
  Adjacency predecessors_;
  std::vector<bool> in_cycle_;
  // Strongly connected component of a node, numbered so that edges between
  // components lead to lower numbers.
  std::vector<std::uint32_t> component_;
};

// A straight run of instructions, as indices: [first, last).
struct Block {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

// The basic blocks of a function. The way back from runtime.morestack to the
// entry is cut out of the graph: that is a call that begins again, no loop.
class ControlFlow {
 public:
  ControlFlow() = default;
  // `instructions` are those of decode_function, not empty.
  explicit ControlFlow(std::span<const Instruction> instructions);

  static constexpr Node kEntry = 0;
  // Behind every RET and every jump out of the function.
  [[nodiscard]] Node exit() const { return static_cast<Node>(blocks_.size()); }

  [[nodiscard]] const Graph& graph() const { return graph_; }
  [[nodiscard]] const Block& block(Node node) const { return blocks_[node]; }
  [[nodiscard]] Node block_of(std::uint32_t instruction) const { return block_of_[instruction]; }
  // Control can only go back to the entry from here: runtime.morestack's tail.
  [[nodiscard]] bool restarts(Node node) const { return restarts_[node]; }
  // The function has an indirect jump: it may lead to any block, and to blocks
  // that have not been seen.
  [[nodiscard]] bool has_unknown_targets() const { return has_unknown_targets_; }

 private:
  void split(std::span<const Instruction> instructions);
  [[nodiscard]] std::vector<Graph::Edge> connect(std::span<const Instruction> instructions) const;
  void cut_restarts(std::vector<Graph::Edge>& edges, std::span<const Instruction> instructions);
  // Stands for "anywhere": behind every indirect jump, before every block.
  [[nodiscard]] Node anywhere() const { return exit() + 1; }

  std::vector<Block> blocks_;
  std::vector<Node> block_of_;
  std::vector<bool> restarts_;
  bool has_unknown_targets_ = false;
  Graph graph_;
};

}  // namespace gomapd::code
