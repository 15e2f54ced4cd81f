// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

#include "daemon/model/trace.h"

namespace gomapd::model {

// Whether a record says what no runtime does. Then a probe lies at the wrong
// place or reads the wrong memory: a defect of ours. What can't be judged, such
// as a growth of an unknown Go version, is taken as it is.
[[nodiscard]] bool diverges(const GrowthEvent& event);

// Since when a process was traced.
enum class Seen : std::uint8_t { kFromTheStart, kFromSomeTime };

// Counts the records that diverge. From the first instruction on, no growth can
// have begun before tracing either.
class Divergences {
 public:
  explicit Divergences(Seen seen) : seen_(seen) {}

  void add(const GrowthEvent& event);
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  Seen seen_;
  std::uint64_t count_ = 0;
};

}  // namespace gomapd::model
