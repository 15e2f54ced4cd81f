// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/splits.h"

#include <algorithm>
#include <cmath>

#include "daemon/model/classic.h"
#include "daemon/model/swiss.h"

namespace gomapd::model {
namespace {

constexpr std::uint64_t kTableRoom = swiss::max_growth_left(swiss::kMaxTableSlots);
constexpr unsigned kHashBits = 64;

// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
std::uint64_t splitmix64(std::uint64_t index) {
  auto value = (index + 1) * 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31U);
}

// A table, or where it was before it split.
struct Node {
  std::vector<std::uint64_t> hashes;
  unsigned depth = 0;
  std::size_t low = 0;  // children; 0: none
  std::size_t high = 0;
};

bool is_high(std::uint64_t hash, unsigned depth) {
  return ((hash >> (kHashBits - 1 - depth)) & 1U) != 0;
}

std::size_t table_of(const std::vector<Node>& nodes, std::uint64_t hash) {
  std::size_t at = 0;
  while (nodes[at].low != 0) at = is_high(hash, nodes[at].depth) ? nodes[at].high : nodes[at].low;
  return at;
}

void split(std::vector<Node>& nodes, std::size_t at) {
  const auto hashes = std::move(nodes[at].hashes);
  const auto depth = nodes[at].depth;
  nodes[at].hashes = {};
  nodes[at].low = nodes.size();
  nodes[at].high = nodes.size() + 1;
  nodes.resize(nodes.size() + 2);
  for (const auto child : {nodes[at].low, nodes[at].high}) {
    nodes[child].depth = depth + 1;
    nodes[child].hashes.reserve(kTableRoom);
  }
  for (const auto hash : hashes)
    nodes[is_high(hash, depth) ? nodes[at].high : nodes[at].low].hashes.push_back(hash);
}

// The chance that a binomial of that mean, with small odds, is above `room`.
double chance_above(double mean, std::uint64_t room) {
  const auto limit = static_cast<double>(room) + 0.5;
  return 0.5 * std::erfc((limit - mean) / std::sqrt(2 * mean));
}

}  // namespace

std::vector<Split> simulate_splits(std::uint64_t keys) {
  std::vector<Split> splits;
  std::vector<Node> nodes(1);
  for (std::uint64_t key = 0; key < keys; ++key) {
    const auto hash = splitmix64(key);
    auto at = table_of(nodes, hash);
    while (nodes[at].hashes.size() == kTableRoom) {
      splits.push_back({.keys = key, .depth = nodes[at].depth, .count = 1});
      split(nodes, at);
      at = table_of(nodes, hash);
    }
    nodes[at].hashes.push_back(hash);
  }
  return splits;
}

std::vector<Split> expected_splits(std::uint64_t keys) {
  std::vector<Split> splits;
  for (unsigned depth = 0; depth < kHashBits - 16; ++depth) {
    const auto tables = std::ldexp(1.0, static_cast<int>(depth));
    const auto chance = chance_above(static_cast<double>(keys) / tables, kTableRoom);
    const auto count = std::llround(tables * chance);
    if (count <= 0) break;
    splits.push_back({.keys = std::min(keys - 1, kTableRoom << depth),
                      .depth = depth,
                      .count = static_cast<std::uint64_t>(count)});
  }
  return splits;
}

std::uint64_t expected_first_full(std::uint64_t tables, std::uint64_t room) {
  if (tables <= 1) return room;
  std::uint64_t low = room;
  std::uint64_t high = tables * room;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    const auto mean = static_cast<double>(middle) / static_cast<double>(tables);
    if (static_cast<double>(tables) * chance_above(mean, room) < 0.5)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

std::uint64_t expected_overflow_buckets(std::uint64_t keys, std::uint64_t buckets) {
  // Poisson: a bucket of n keys has an overflow bucket for each eight beyond the
  // first eight.
  const auto mean = static_cast<double>(keys) / static_cast<double>(buckets);
  constexpr int kMostKeys = 64;
  double chance = std::exp(-mean);  // of n keys
  double expected = 0;
  for (int n = 0; n < kMostKeys; ++n) {
    constexpr int kSlots = static_cast<int>(classic::kSlotsPerBucket);
    const int overflow_buckets = n > kSlots ? (n - 1) / kSlots : 0;
    expected += chance * overflow_buckets;
    chance *= mean / (n + 1);
  }
  return static_cast<std::uint64_t>(std::llround(expected * static_cast<double>(buckets)));
}

}  // namespace gomapd::model
