// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/app/host.h"
#include "daemon/app/web.h"

namespace gomapd::app {

struct DaemonOptions {
  HostOptions host;
  std::vector<std::string> listen_addresses{"127.0.0.1:10435"};
  std::string web_config_file;
  Lifecycle lifecycle = Lifecycle::kOff;
};

// Gives the options as they stand now, where they are read again.
using ReadOptions = std::function<Result<DaemonOptions>()>;

// Traces every Go process of the host and serves what it finds, until SIGTERM or
// SIGINT. On SIGHUP (and by /-/reload, where that is on) `read` is called; options
// that are wrong change nothing. Tells systemd how it is, if that waits for it:
// sd_notify(3).
[[nodiscard]] Result<void> run_daemon(const DaemonOptions& options, const ReadOptions& read);

}  // namespace gomapd::app
