// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include "probes/plan/plan.h"

namespace gomapd {

// Adds the sites of every growth probe point to `binary`, whose version and
// design are known: in the functions themselves and wherever a profile-guided
// build inlined them. Fails when one growth could be missed or told twice.
[[nodiscard]] Result<void> find_sites(GoBinary& binary);

}  // namespace gomapd
