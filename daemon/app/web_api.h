// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <vector>

#include "daemon/app/board.h"
#include "daemon/http/message.h"

namespace gomapd::app {

// /api/v1/…: docs/API.md. `board` must outlive the server.
[[nodiscard]] std::vector<http::Route> api_routes(Board* board);

}  // namespace gomapd::app
