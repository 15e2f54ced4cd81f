// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <vector>

// Which tables of a Swiss map split depends on the hashes of its keys. Here they
// are taken as uniform, which Go's are.
namespace gomapd::model {

struct Split {
  std::uint64_t keys = 0;   // in the whole map when it comes
  unsigned depth = 0;       // local depth of the table that splits
  std::uint64_t count = 1;  // of that depth
};

// Splits of a map that grew to `keys` keys by inserts alone: one by one, with the
// hashes of a fixed sequence. Takes time and memory for each key.
[[nodiscard]] std::vector<Split> simulate_splits(std::uint64_t keys);

// The same by depth, as expected: a table of depth d splits if its 2^-d of all
// hashes has more keys than it holds. Takes no time.
[[nodiscard]] std::vector<Split> expected_splits(std::uint64_t keys);

// Keys at which the first of `tables` (a power of two) that hold `room` keys each
// is expected to be full.
[[nodiscard]] std::uint64_t expected_first_full(std::uint64_t tables, std::uint64_t room);

// Overflow buckets of a classic map of `keys` keys in `buckets` buckets.
[[nodiscard]] std::uint64_t expected_overflow_buckets(std::uint64_t keys, std::uint64_t buckets);

}  // namespace gomapd::model
