// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/unit/http/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cstdlib>

namespace gomapd::http::test {

Client::Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const timeval limit{20, 0};
  setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            0);
}

void Client::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the answer tells why
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool Client::receive_more() {
  std::array<char, 65536> buffer;  // NOLINT(*-member-init): recv fills it
  const auto got = recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (got > 0) received_.append(buffer.data(), static_cast<std::size_t>(got));
  return got > 0;
}

Answer Client::receive(Body body) {
  Answer answer;
  auto end = received_.find("\r\n\r\n");
  while (end == std::string::npos) {
    if (!receive_more()) return answer;
    end = received_.find("\r\n\r\n");
  }
  answer.head = received_.substr(0, end + 2);
  received_.erase(0, end + 4);
  answer.status = std::atoi(answer.head.c_str() + 9);  // NOLINT(cert-err34-c): "HTTP/1.1 200"
  constexpr std::string_view kLength = "Content-Length: ";
  const auto length = answer.head.find(kLength);
  if (length == std::string::npos || body == Body::kHead) return answer;
  const auto size = std::strtoul(answer.head.c_str() + length + kLength.size(), nullptr, 10);
  while (received_.size() < size && receive_more()) {
  }
  answer.body = received_.substr(0, size);
  received_.erase(0, size);
  return answer;
}

Answer Client::get(std::string_view path, std::string_view headers) {
  send("GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) +
       "\r\n");
  return receive();
}

bool Client::is_closed() {
  char byte = 0;
  return received_.empty() && recv(socket_.get(), &byte, 1, 0) == 0;
}

Answer get(std::uint16_t port, std::string_view path, std::string_view headers) {
  return Client(port).get(path, headers);
}

}  // namespace gomapd::http::test
