// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string_view>

#include "daemon/http/request_head.h"

// Pure: what a browser may be talked into by a foreign page.
namespace gomapd::http {

// A name that anybody can point at a loopback address lets a foreign page read
// what is served there (DNS rebinding). True for what can't be such a name: an
// address, or localhost. `host` as the header has it, with or without port.
[[nodiscard]] bool is_local_host(std::string_view host);

// False for a request that changes something (POST) and that a browser says comes
// from a page of another origin. What is no browser sends no Origin.
[[nodiscard]] bool is_same_origin(const Request& request);

}  // namespace gomapd::http
