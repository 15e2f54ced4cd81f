// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/control_flow.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace gomapd::code {
namespace {

using Edges = std::vector<Graph::Edge>;
using Nodes = std::vector<Node>;

Graph graph_of(Node size, const Edges& edges) {
  return Graph(size, edges);
}

TEST(Graph, OnceBetweenFollowsAStraightLine) {
  EXPECT_EQ(graph_of(3, {{0, 1}, {1, 2}}).once_between(0, 2), (Nodes{0, 1, 2}));
}

TEST(Graph, OnceBetweenLeavesOutBothSidesOfADiamond) {
  EXPECT_EQ(graph_of(4, {{0, 1}, {0, 2}, {1, 3}, {2, 3}}).once_between(0, 3), (Nodes{0, 3}));
}

TEST(Graph, OnceBetweenLeavesOutWhatAnEdgeJumpsOver) {
  EXPECT_EQ(graph_of(4, {{0, 1}, {1, 2}, {2, 3}, {0, 2}}).once_between(0, 3), (Nodes{0, 2, 3}));
}

TEST(Graph, OnceBetweenLeavesOutLoops) {
  const auto graph = graph_of(4, {{0, 1}, {1, 2}, {2, 1}, {1, 3}});
  EXPECT_EQ(graph.once_between(0, 3), (Nodes{0, 3}));
  EXPECT_TRUE(graph.in_cycle(1));
  EXPECT_TRUE(graph.in_cycle(2));
  EXPECT_FALSE(graph.in_cycle(3));
}

TEST(Graph, OnceBetweenLeavesOutALoopOfOneNode) {
  EXPECT_EQ(graph_of(3, {{0, 1}, {1, 1}, {1, 2}}).once_between(0, 2), (Nodes{0, 2}));
}

TEST(Graph, OnceBetweenIgnoresPathsThatLeadElsewhere) {
  EXPECT_EQ(graph_of(4, {{0, 1}, {0, 3}, {1, 2}}).once_between(0, 2), (Nodes{0, 1, 2}));
}

TEST(Graph, OnceBetweenIsEmptyWithoutAPath) {
  EXPECT_EQ(graph_of(3, {{0, 1}, {2, 1}}).once_between(0, 2), Nodes{});
}

TEST(Graph, ReachStopsAtTheBarrier) {
  const auto graph = graph_of(4, {{0, 1}, {1, 2}, {0, 3}});
  EXPECT_EQ(graph.reach(0, Graph::Direction::kForward, 1), (std::vector{true, false, false, true}));
  EXPECT_EQ(graph.reach(2, Graph::Direction::kBackward), (std::vector{true, true, true, false}));
}

// What the definition says, by brute force: a node is on every path if without
// it there is none, and in a cycle if one of its successors reaches it.
Nodes once_between_by_definition(const Graph& graph, Node from, Node to) {
  using enum Graph::Direction;
  Nodes result;
  if (!graph.reach(from, kForward)[to]) return result;
  for (Node node = 0; node < graph.size(); ++node) {
    bool cyclic = false;
    for (const Node next : graph.successors(node))
      cyclic = cyclic || graph.reach(next, kForward)[node];
    const bool needed = node == to || !graph.reach(from, kForward, node)[to];
    if (needed && !cyclic) result.push_back(node);
  }
  return result;
}

TEST(Graph, OnceBetweenAgreesWithItsDefinitionOnRandomGraphs) {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    const auto below = [&](Node limit) { return static_cast<Node>(random() % limit); };
    const Node size = 2 + below(12);
    Edges edges(size + below(size));
    for (auto& edge : edges) edge = {below(size), below(size)};
    const auto graph = graph_of(size, edges);
    auto once = graph.once_between(0, size - 1);
    std::ranges::sort(once);
    ASSERT_EQ(once, once_between_by_definition(graph, 0, size - 1)) << "round " << round;
  }
}

TEST(Graph, TakesLongChainsWithoutRecursion) {
  constexpr Node kSize = 300000;
  Edges edges;
  for (Node i = 0; i + 1 < kSize; ++i) edges.emplace_back(i, i + 1);
  EXPECT_EQ(graph_of(kSize, edges).once_between(0, kSize - 1).size(), kSize);
  edges.emplace_back(kSize - 1, 0);
  EXPECT_TRUE(graph_of(kSize, edges).once_between(0, kSize - 1).empty());
}

}  // namespace
}  // namespace gomapd::code
