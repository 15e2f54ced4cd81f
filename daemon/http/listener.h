// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/base/result.h"

// Where the server listens.
namespace gomapd::http {

// Owns a descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket();

  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_ = -1;
};

struct HostPort {
  std::string host;  // without brackets; empty: all addresses
  std::string port;  // a decimal number
};

// Pure: "127.0.0.1:10435", "[::1]:0", "localhost:80", ":9090". kUsage.
[[nodiscard]] Result<HostPort> parse_address(std::string_view text);

struct Listener {
  Socket socket;
  std::string address;       // as it is bound, with the real port: "127.0.0.1:10435"
  std::uint16_t port = 0;    // 0 for a UNIX socket
  bool is_loopback = false;  // only this host can connect
};

// Binds and listens. A name is looked up, and its first address taken; IPv4 goes
// first. kUsage, kPermission or kSystem (in use, no such address).
[[nodiscard]] Result<Listener> listen_on(const std::string& address);

// Takes over a socket that listens already.
[[nodiscard]] Result<Listener> adopt(Socket socket);

// The sockets that systemd passed by LISTEN_FDS and LISTEN_PID (sd_listen_fds(3));
// none if it did not. To be called once, before there are threads: it takes the
// variables out of the environment, so that no child believes them meant for it.
[[nodiscard]] Result<std::vector<Listener>> inherited_listeners();

// Who is at the other end: for people, and for counting what one host does.
struct Peer {
  std::string address;  // numeric; empty for a UNIX socket
  std::string group;    // the address; of IPv6 its /64, which one host has to itself
};
[[nodiscard]] Peer peer_of(const sockaddr_storage& address);

[[nodiscard]] bool is_loopback_address(const sockaddr_storage& address);

}  // namespace gomapd::http
