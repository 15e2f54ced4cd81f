// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <CLI/CLI.hpp>

#include "daemon/app/model.h"
#include "probes/base/result.h"

namespace gomapd::cli {

// The sub-command `model`; its options go to `options`, which must outlive `app`.
void add_model(CLI::App& app, app::ModelOptions& options);
[[nodiscard]] Result<void> run_model(const app::ModelOptions& options);

}  // namespace gomapd::cli
