// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string_view>
#include <vector>

#include "probes/elf/image.h"

namespace gomapd::test {

// Makes the build info in `file`, a Go program of 1.18 or later, say that `version`
// built it. Modules and settings go, to make room. False where it can't.
[[nodiscard]] bool set_go_version(std::vector<std::byte>& file, std::string_view version);

}  // namespace gomapd::test
