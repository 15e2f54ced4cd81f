// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <CLI/CLI.hpp>

#include "daemon/app/profile_output.h"

namespace gomapd::cli {

// Adds --pprof, --folded, --flamegraph and --profile-by, which are parsed into
// `options`; it must stay where it is.
void add_profile_options(CLI::App& command, app::ProfileOptions& options);

}  // namespace gomapd::cli
