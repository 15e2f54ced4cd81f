// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <vector>

#include "probes/plan/plan.h"

namespace gomapd::app {

// Where the growths of a binary begin and end, and an echo of each start that has one
// (probes/code/echo.h), of role GM_ROLE_ECHO. `fd`: its file, of which the code at the starts
// is read.
[[nodiscard]] std::vector<ProbeSite> sites_with_echoes(const Plan& plan, int fd);

}  // namespace gomapd::app
