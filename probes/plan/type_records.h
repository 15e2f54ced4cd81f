// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include "probes/plan/facts.h"

namespace gomapd {

// Compares the layout of map types that `binary`'s version stands for with the
// type records in the file: each must be a possible one, and its size of a group
// the size of the group's own record. kUnsupported when one is not, or when
// there is none and everything must show.
[[nodiscard]] Result<void> check_type_records(const GoBinary& binary, Proof proof);

}  // namespace gomapd
