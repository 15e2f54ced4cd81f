// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <optional>
#include <string_view>

#include "probes/plan/plan.h"

namespace gomapd {

// Whether only those that are known to call the Swiss growth function `callee`,
// whose code begins at `entry`, do so: anybody else would be a growth that no
// probe sees. kUnsupported with the first unknown caller. Holds where there is
// no such function. Reads all of the text once.
[[nodiscard]] Result<void> check_callers(const GoBinary& binary, std::optional<elf::Vaddr> entry,
                                         std::string_view callee);

}  // namespace gomapd
