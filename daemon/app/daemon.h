// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <functional>

#include "daemon/config/daemon_options.h"
#include "probes/base/result.h"

namespace gomapd::app {

// Gives the options as they stand now, where they are read again.
using ReadOptions = std::function<Result<config::DaemonOptions>()>;

// Traces every Go process of the host and serves what it finds, until SIGTERM or
// SIGINT. On SIGHUP (and by /-/reload, where that is on) `read` is called: which
// processes are traced, limits of metrics and what a storm is change then, the rest
// with the next start; options that are wrong change nothing. Tells systemd how it is, if that
// waits for it: sd_notify(3).
[[nodiscard]] Result<void> run_daemon(const config::DaemonOptions& options,
                                      const ReadOptions& read);

}  // namespace gomapd::app
