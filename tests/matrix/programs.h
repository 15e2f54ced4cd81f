// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <vector>

#include "tests/matrix/page.h"

namespace gomapd::matrix {

// Inspects the programs of scripts/targets.sh, which it may fetch, and the compilers
// of all toolchains at hand.
std::vector<Inspected> inspect_programs();

}  // namespace gomapd::matrix
