// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/http/listener.h"
#include "daemon/http/tls.h"

namespace gomapd::http {

using Deadline = std::chrono::steady_clock::time_point;

enum class Io : std::uint8_t {
  kDone,
  kEnd,      // the client sends no more
  kTimeout,  // the deadline has passed
  kStopped,  // the server stops
  kBroken,   // the connection is gone, or what came is no TLS
};

// One connection, plain or TLS: every wait has a deadline and ends when the server
// stops. Used by one thread. SIGPIPE must be blocked in it.
class Stream {
 public:
  // `stop` is a descriptor that becomes readable when the server stops; it must
  // outlive this. Without `session` it is plain.
  Stream(Socket socket, SslSession session, int stop);

  [[nodiscard]] Io handshake(Deadline deadline);
  // Appends what has come, at most `most` bytes, to `into`.
  [[nodiscard]] Io read(std::string& into, std::size_t most, Deadline deadline);
  // All of it. A stop leaves it a second to come to its end.
  [[nodiscard]] Io write(std::string_view bytes, Deadline deadline);
  // False, at once: the server stops or the client has hung up.
  [[nodiscard]] bool sleep(std::chrono::milliseconds time);
  // Says that no more follows, and waits a moment for the client to have read what
  // was sent: closing with unread input would take it away from him.
  void finish();

  // The client talked HTTP where TLS is expected; from then on the stream is plain.
  [[nodiscard]] bool was_plain_http() const { return was_plain_http_; }

 private:
  enum class Stop : bool { kHeeded, kIgnored };

  // Polls for `events`.
  [[nodiscard]] Io wait(short events, Deadline deadline, Stop stop);
  // After an operation of OpenSSL that did not get on: kDone is to try again.
  [[nodiscard]] Io wait_for_tls(int result, Deadline deadline, Stop stop);
  [[nodiscard]] Io write_some(std::string_view& bytes, Deadline deadline, Stop stop);

  Socket socket_;
  SslSession session_;
  int stop_;
  bool was_plain_http_ = false;
};

}  // namespace gomapd::http
