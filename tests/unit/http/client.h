// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/http/listener.h"

namespace gomapd::http::test {

// What an answer says. A status of 0: there was none.
struct Answer {
  int status = 0;
  std::string head;
  std::string body;

  [[nodiscard]] bool has(std::string_view header_line) const {
    return head.find(std::string(header_line) + "\r\n") != std::string::npos;
  }
};

// A client that does just what a test tells it, wrong or slow as it may be. Waits
// 20 seconds for anything at most.
class Client {
 public:
  explicit Client(std::uint16_t port);

  void send(std::string_view bytes) const;
  // The next answer; `kHead` has no body, whatever its length says.
  enum class Body : bool { kHead, kFollows };
  Answer receive(Body body = Body::kFollows);
  // Sends and receives.
  Answer get(std::string_view path, std::string_view headers = {});
  // True if the server closes within the 20 seconds and sends nothing first.
  bool is_closed();

 private:
  bool receive_more();

  Socket socket_;
  std::string received_;
};

// Answer to one GET on a connection of its own.
Answer get(std::uint16_t port, std::string_view path, std::string_view headers = {});

}  // namespace gomapd::http::test
