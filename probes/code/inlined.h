// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <algorithm>
#include <vector>

#include "probes/code/instruction.h"

namespace gomapd::code {

// The code of one call that the compiler inlined: where the callee's body lies
// in its caller. Ragged as a rule: instructions of both are mixed.
struct InlinedCode {
  struct Range {
    Offset begin = 0;
    Offset end = 0;
  };
  std::vector<Range> ranges;

  [[nodiscard]] bool contains(Offset offset) const {
    return std::ranges::any_of(
        ranges, [=](const Range& range) { return offset >= range.begin && offset < range.end; });
  }
};

}  // namespace gomapd::code
