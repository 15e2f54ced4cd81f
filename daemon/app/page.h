// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string_view>
#include <vector>

#include "daemon/http/message.h"

namespace gomapd::app {

// The page: `/` for browsers, its files below `/page/`. Whoever asks for `/` without
// taking HTML gets `index`, a text; it must live as long as the routes.
[[nodiscard]] std::vector<http::Route> page_routes(std::string_view index);

}  // namespace gomapd::app
