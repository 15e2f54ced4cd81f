// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <functional>
#include <string>

#include "daemon/http/request_head.h"
#include "daemon/http/service.h"
#include "daemon/http/stream.h"

namespace gomapd::http {

// One connection's requests, one after the other, on the thread that calls serve().
class Conversation {
 public:
  // `may_stay` tells whether there is room for a client that comes back. Borrows all
  // but `caller`.
  Conversation(Stream& stream, Service& service, const Limits& limits, Caller caller,
               const std::function<bool()>& may_stay);

  // Until either side has had enough. The stream's handshake is done.
  void serve();

 private:
  enum class Next : bool { kClose, kAnother };

  [[nodiscard]] Next serve_one(Deadline deadline);
  // Waits for a further request's first byte.
  [[nodiscard]] bool await_request();
  [[nodiscard]] Io read_until(std::size_t size, Deadline deadline);
  [[nodiscard]] std::expected<Head, Refusal> read_head(Deadline deadline);
  [[nodiscard]] std::expected<void, Refusal> read_body(Head& head, Deadline deadline);
  Next refuse(const Refusal& refusal);
  Next send(Response response, const Head& head, const WebSettings& settings);
  Io write(std::string_view bytes);

  Stream& stream_;
  Service& service_;
  const Limits& limits_;
  const Caller caller_;
  const std::function<bool()>& may_stay_;
  std::string received_;  // and not yet used
};

}  // namespace gomapd::http
