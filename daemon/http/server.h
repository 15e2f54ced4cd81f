// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/http/listener.h"
#include "daemon/http/message.h"
#include "probes/base/result.h"

// An embedded HTTP/1.1 server for a handful of clients: scrapers, a few people with
// browsers. It serves what handlers return and nothing else: no files, no
// directories, no programs. Each connection has a thread, so that a slow one delays
// nobody; their number is bounded, and each wait has a deadline.
//
//   routes  →  Server::start  →  endpoints(), unprotected(), counts()  →  stop()
namespace gomapd::http {

struct Limits {
  std::size_t connections = 64;           // further ones wait in the kernel's queue
  std::size_t connections_per_peer = 32;  // further ones are closed at once
  std::size_t slow_requests = 4;          // on routes that are Cost::kSlow; else 503
  std::size_t head_bytes = std::size_t{16} << 10;
  std::size_t body_bytes = std::size_t{16} << 10;
  // From the connection, or the first byte of a further request, to the last one.
  std::chrono::milliseconds request_timeout{10'000};
  // Between two requests. Longer than usual scrape intervals.
  std::chrono::milliseconds idle_timeout{120'000};
  // For all of an answer.
  std::chrono::milliseconds response_timeout{60'000};
};

struct ServerOptions {
  std::vector<std::string> addresses;  // see parse_address()
  std::vector<Listener> listeners;     // that are there already: inherited_listeners()
  std::string web_config_file;         // docs/WEB.md; empty: plain HTTP for everybody
  std::vector<Route> routes;
  Limits limits;
  // Gets one line, from any thread, when the web configuration changes or a change of
  // it is refused.
  std::function<void(const std::string&)> log;
};

// Since the start; never goes back.
struct Counts {
  std::uint64_t connections = 0;
  std::uint64_t refused_connections = 0;  // too many of one peer
  std::uint64_t failed_handshakes = 0;    // no TLS, or no certificate that is taken
  std::uint64_t requests = 0;
  std::uint64_t malformed = 0;         // and other requests refused for their form: 4xx, 5xx
  std::uint64_t timeouts = 0;          // slow clients dropped, reading or writing
  std::uint64_t unauthorized = 0;      // 401: no password or a wrong one
  std::uint64_t too_many_guesses = 0;  // 429: wrong passwords of that peer
  std::uint64_t rate_limited = 0;      // 429: rate_limit
  std::uint64_t foreign_origin = 0;    // 403: what a foreign web page may have sent
  std::uint64_t slow_refused = 0;      // 503: too many slow requests
  std::uint64_t refused_configs = 0;   // changes of the web configuration
};

class Server {
 public:
  // Listens when this returns. kUsage: an address, route or the web configuration is
  // wrong; kPermission, kSystem: an address can't be had.
  [[nodiscard]] static Result<Server> start(ServerOptions options);

  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();  // stops

  // Takes no more connections, ends waits of all that there are and joins all
  // threads: within about a second, plus what a handler takes that does not heed
  // Request::wait_for(). Idempotent.
  void stop();

  // What is listened on, with real ports: "127.0.0.1:10435".
  [[nodiscard]] std::vector<std::string> endpoints() const;
  // Those that others than this host reach, if neither TLS nor users are configured
  // now: a reason for a warning.
  [[nodiscard]] std::vector<std::string> unprotected() const;
  [[nodiscard]] Counts counts() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace gomapd::http
