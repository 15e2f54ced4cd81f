// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <algorithm>

#include "probes/code/control_flow.h"

namespace gomapd::code {

Graph::Graph(Node size, std::span<const Edge> edges)
    : successors_(adjacency(size, edges, Direction::kForward)),
      predecessors_(adjacency(size, edges, Direction::kBackward)),
      in_cycle_(size),
      component_(size) {
  find_cycles();
}

Graph::Adjacency Graph::adjacency(Node size, std::span<const Edge> edges, Direction direction) {
  const auto tail = [=](const Edge& edge) {
    return direction == Direction::kForward ? edge.first : edge.second;
  };
  const auto head = [=](const Edge& edge) {
    return direction == Direction::kForward ? edge.second : edge.first;
  };
  Adjacency result;
  result.first.assign(std::size_t{size} + 1, 0);
  for (const auto& edge : edges) ++result.first[tail(edge) + 1];
  for (std::size_t i = 1; i < result.first.size(); ++i) result.first[i] += result.first[i - 1];
  auto next = result.first;
  result.neighbours.resize(edges.size());
  for (const auto& edge : edges) result.neighbours[next[tail(edge)]++] = head(edge);
  return result;
}

std::span<const Node> Graph::successors(Node node) const {
  const auto first = successors_.first[node];
  return std::span(successors_.neighbours).subspan(first, successors_.first[node + 1] - first);
}

std::span<const Node> Graph::predecessors(Node node) const {
  const auto first = predecessors_.first[node];
  return std::span(predecessors_.neighbours).subspan(first, predecessors_.first[node + 1] - first);
}

// Tarjan's strongly connected components, with an explicit stack. It numbers a
// component when all that it leads to have numbers.
void Graph::find_cycles() {
  constexpr std::uint32_t kUnseen = 0;
  struct Frame {
    Node node;
    std::size_t next_edge;
  };
  std::vector<std::uint32_t> order(size(), kUnseen);
  std::vector<std::uint32_t> low(size());
  std::vector<bool> on_stack(size());
  std::vector<Node> stack;
  std::vector<Frame> frames;
  std::uint32_t seen = 0;
  std::uint32_t components = 0;

  const auto enter = [&](Node node) {
    order[node] = low[node] = ++seen;
    on_stack[node] = true;
    stack.push_back(node);
    frames.push_back({node, 0});
  };
  const auto close = [&](Node root) {
    const bool alone = stack.back() == root;
    Node node = 0;
    do {
      node = stack.back();
      stack.pop_back();
      on_stack[node] = false;
      component_[node] = components;
      in_cycle_[node] =
          !alone || std::ranges::find(successors(root), root) != successors(root).end();
    } while (node != root);
    ++components;
  };

  for (Node root = 0; root < size(); ++root) {
    if (order[root] != kUnseen) continue;
    enter(root);
    while (!frames.empty()) {
      auto& frame = frames.back();
      const Node node = frame.node;
      if (frame.next_edge < successors(node).size()) {
        const Node next = successors(node)[frame.next_edge++];
        if (order[next] == kUnseen)
          enter(next);
        else if (on_stack[next])
          low[node] = std::min(low[node], order[next]);
        continue;
      }
      frames.pop_back();
      if (!frames.empty()) low[frames.back().node] = std::min(low[frames.back().node], low[node]);
      if (low[node] == order[node]) close(node);
    }
  }
}

std::vector<bool> Graph::reach(Node start, Direction direction, Node barrier) const {
  std::vector<bool> reached(size());
  if (start == barrier) return reached;
  std::vector<Node> pending = {start};
  reached[start] = true;
  while (!pending.empty()) {
    const Node node = pending.back();
    pending.pop_back();
    for (const Node next :
         direction == Direction::kForward ? successors(node) : predecessors(node)) {
      if (next == barrier || reached[next]) continue;
      reached[next] = true;
      pending.push_back(next);
    }
  }
  return reached;
}

// Dominators of a single node need no dominator tree: with the components of
// the nodes that lie on some path from `from` to `to` in topological order, a
// component is on every path if and only if no edge jumps over its place.
std::vector<Node> Graph::once_between(Node from, Node to) const {
  const auto forward = reach(from, Direction::kForward);
  if (!forward[to]) return {};
  const auto backward = reach(to, Direction::kBackward);

  std::vector<Node> between;
  for (Node node = 0; node < size(); ++node)
    if (forward[node] && backward[node]) between.push_back(node);
  std::ranges::sort(between, {}, [&](Node node) { return std::pair(~component_[node], node); });

  std::vector<Node> result;
  std::uint32_t lowest_target = component_[from];  // as far as edges lead so far
  for (const Node node : between) {
    const bool passed_by = lowest_target < component_[node];
    if (!passed_by && !in_cycle_[node]) result.push_back(node);
    for (const Node next : successors(node))
      if (forward[next] && backward[next])
        lowest_target = std::min(lowest_target, component_[next]);
  }
  return result;
}

}  // namespace gomapd::code
