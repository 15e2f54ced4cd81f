// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/config/nearest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace gomapd::config {
namespace {

// Levenshtein's distance, row by row.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t k = 0; k < b.size(); ++k) {
      const auto changed = diagonal + (a[i] == b[k] ? 0 : 1);
      diagonal = row[k + 1];
      row[k + 1] = std::min({changed, row[k] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  constexpr std::size_t kLongest = 64;  // no key is
  return *std::ranges::min_element(known, {}, [&](std::string_view candidate) {
    return distance(word.substr(0, kLongest), candidate);
  });
}

}  // namespace gomapd::config
