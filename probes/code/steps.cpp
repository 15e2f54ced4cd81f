// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/steps.h"

#include <algorithm>

namespace gomapd::code {
namespace {

constexpr Steps::Index kFirst = 0;

std::vector<Graph::Edge> edges_of(const ControlFlow& flow, Node exit) {
  std::vector<Graph::Edge> edges;
  for (Node node = 0; node < flow.exit(); ++node) {
    const auto& block = flow.block(node);
    for (auto i = block.first; i + 1 < block.last; ++i) edges.emplace_back(i, i + 1);
    for (const Node next : flow.graph().successors(node))
      if (next <= flow.exit())
        edges.emplace_back(block.last - 1, next == flow.exit() ? exit : flow.block(next).first);
  }
  return edges;
}

}  // namespace

Steps::Steps(const ControlFlow& flow) {
  const Node count = flow.block(flow.exit() - 1).last;
  graph_ = Graph(count + 1, edges_of(flow, count));
}

std::vector<bool> Steps::from_entry(Index without) const {
  return graph_.reach(kFirst, Graph::Direction::kForward, without);
}

std::vector<bool> Steps::after(Index from, Index without) const {
  std::vector<bool> reached(graph_.size());
  for (const Node next : graph_.successors(from)) {
    if (reached[next]) continue;
    const auto more = graph_.reach(next, Graph::Direction::kForward, without);
    for (Node node = 0; node < graph_.size(); ++node) reached[node] = reached[node] || more[node];
  }
  return reached;
}

std::vector<bool> Steps::leading_to(Index to, Index without) const {
  return graph_.reach(to, Graph::Direction::kBackward, without);
}

bool Steps::alternate(Index first, Index second) const {
  if (first == second || from_entry(first)[second] || after(second, first)[second]) return false;
  const auto between = after(first, second);
  return !between[first] && !between[exit()] && after(first, nothing())[second];
}

bool Steps::runs_one_of(const std::vector<Index>& marks) const {
  std::vector<Graph::Edge> edges;
  for (Node node = 0; node < graph_.size(); ++node)
    if (std::ranges::find(marks, node) == marks.end())
      for (const Node next : graph_.successors(node)) edges.emplace_back(node, next);
  if (marks.empty() ||
      Graph(graph_.size(), edges).reach(kFirst, Graph::Direction::kForward)[exit()])
    return false;
  return std::ranges::all_of(marks, [&](Index mark) {
    const auto later = after(mark, nothing());
    return std::ranges::none_of(marks, [&](Index other) { return bool{later[other]}; });
  });
}

}  // namespace gomapd::code
