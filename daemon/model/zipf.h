// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>

namespace gomapd::model {

// Requests for keys by a Zipf law: the key of rank k is asked for with the odds
// p_k = k^-alpha / H, where H sums k^-alpha over all keys.
struct ZipfLaw {
  double alpha = 1;                   // 0 <= alpha <= kMaxAlpha
  std::optional<std::uint64_t> keys;  // 1 <= keys <= kMaxKeys; none: endless, alpha > 1

  static constexpr double kMaxAlpha = 20;
  static constexpr double kLeastEndlessAlpha = 1.001;
  static constexpr std::uint64_t kMaxKeys = 1'000'000'000'000'000;
};

// Of independent requests. docs/ADVICE.md derives the formulas.
struct DistinctKeys {
  // Keys asked for at least once: sum over k of 1 - (1 - p_k)^requests.
  double expected = 0;
  // Its standard deviation is at most this.
  double deviation = 0;
  // Entries of a cache that drops an entry some time after it was put in, whether
  // it was used since or not, and gets `requests` requests in that time: sum over
  // k of n p_k / (1 + n p_k).
  double expected_fixed = 0;
};

// The ranks up to 65,536 are summed one by one, the others by an integral, which
// is off by half a key at most, as the terms fall from one to the next. Takes
// milliseconds whatever the numbers. requests >= 0.
[[nodiscard]] DistinctKeys distinct_keys(const ZipfLaw& law, double requests);

}  // namespace gomapd::model
