// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <vector>

#include "daemon/app/board.h"
#include "daemon/http/message.h"

namespace gomapd::app {

enum class Lifecycle : bool { kOff, kOn };

// What the daemon serves: metrics, health, profiles, and with kOn a way to have the
// configuration read again. `board` must outlive the server.
[[nodiscard]] std::vector<http::Route> web_routes(Board* board, Lifecycle lifecycle);

}  // namespace gomapd::app
