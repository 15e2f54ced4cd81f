// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "daemon/http/message.h"

// Pure: what is sent for a Response.
namespace gomapd::http {

// The standard's words for a status; "Status" for one that we never send.
[[nodiscard]] std::string_view reason_phrase(int status);

// Fills in what the handler left open: see Response. `operator_headers` come from
// the web configuration and win.
void add_default_headers(Response& response, const Fields& operator_headers);

// Compresses the body where that is worth it and `accept_encoding` allows gzip
// (RFC 9110 12.5.3), and says by Vary that another client may get it otherwise.
void compress_body(Response& response, std::string_view accept_encoding);

enum class Connection : bool { kClose, kKeepAlive };

// Status line and headers with the empty line. A control character in a header's
// value becomes a space: no value can start a header of its own.
[[nodiscard]] std::string serialize_head(const Response& response, Connection connection,
                                         std::time_t now);

// A plain text answer of one line.
[[nodiscard]] Response plain_response(int status, std::string_view text);

}  // namespace gomapd::http
