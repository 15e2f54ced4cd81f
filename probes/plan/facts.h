// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include "probes/plan/plan.h"

namespace gomapd {

// How much must be seen in a binary itself.
enum class Proof : std::uint8_t {
  kNothingContradicts,  // a release that was measured: its facts are known
  kEverythingShows,     // one that was not: every fact must be found in the code
};

// Compares what the probes rely on (the layouts of table, Map, the map type and
// g, the registers of arguments, the size at which tables split, who makes
// tables) with the code and the type records of the runtime in `binary`, whose
// version and design are set. Of classic maps only g is looked at, of stack
// arguments and of other machines than amd64 nothing: no release to come has
// them. kUnsupported with the first fact that does not hold.
[[nodiscard]] Result<void> check_facts(const GoBinary& binary, Proof proof);

}  // namespace gomapd
