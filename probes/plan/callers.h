// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <span>
#include <string_view>

#include "probes/plan/plan.h"

namespace gomapd {

// A growth function, and where its code begins.
struct Callee {
  std::string_view name;
  elf::Vaddr entry = 0;
};

// Whether only those that are known to call the Swiss growth functions `callees` do so:
// anybody else would be a growth that no probe sees. kUnsupported with the first unknown
// caller. Reads all of the text once.
[[nodiscard]] Result<void> check_callers(const GoBinary& binary, std::span<const Callee> callees);

}  // namespace gomapd
