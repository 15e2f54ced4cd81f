// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "daemon/http/message.h"

// Pure: the bytes of a request's head → a Request. HTTP/1.0 and 1.1 by RFC 9110
// and 9112, read strictly: what two programs could read in two ways is refused.
namespace gomapd::http {

// Why a request is not served, and what the client is told.
struct Refusal {
  int status;
  std::string reason;
};

struct Head {
  Request request;  // without body, peer, user, sleep; the method as it was sent
  std::size_t content_length = 0;
  bool keep_alive = false;        // HTTP/1.1 and no `Connection: close`
  bool expects_continue = false;  // waits for 100 before it sends the body
};

// Length of the head at the beginning of `bytes` with its empty line; npos if
// its end hasn't come yet.
[[nodiscard]] std::size_t head_length(std::string_view bytes);

// `head` ends with its empty line. Refusals: 400, 413 (length of the body is no
// number that fits), 501 (transfer codings), 505.
[[nodiscard]] std::expected<Head, Refusal> parse_head(std::string_view head);

// A name or value of a query: '+' is a space. False: a broken escape or a NUL.
[[nodiscard]] bool decode_query(std::string_view text, Fields& into);

}  // namespace gomapd::http
