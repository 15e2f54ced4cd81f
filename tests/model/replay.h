// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "bpf/interface.h"
#include "probes/go/types.h"

namespace gomapd::test {

enum class Bytes : std::uint8_t { kUnknown, kCompared };

struct Replayed {
  std::string difference;  // the first between model and runtime; empty: none
  std::uint64_t maps = 0;
  std::uint64_t operations = 0;
  std::uint64_t pruned = 0;              // tombstones
  std::uint64_t sampled_operations = 0;  // classic: from B = 16 on
  std::uint64_t dropped = 0;             // classic: given up by clear
  std::uint64_t bytes = 0;
  std::array<std::uint64_t, GM_KIND_COUNT> growths{};
};

// Does to the model what was done to the maps of the stream, and compares. Of
// classic maps from B = 16 on, the runtime's count of overflow buckets is taken
// over, which it leaves to chance.
[[nodiscard]] Replayed replay(std::string_view stream, go::Version version, Bytes bytes);

}  // namespace gomapd::test
