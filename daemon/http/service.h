// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "daemon/http/authenticator.h"
#include "daemon/http/router.h"
#include "daemon/http/server.h"
#include "daemon/http/token_bucket.h"
#include "daemon/http/web_settings.h"

namespace gomapd::http {

// Counts, written by several threads.
struct Counters {
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> refused_connections{0};
  std::atomic<std::uint64_t> failed_handshakes{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> malformed{0};
  std::atomic<std::uint64_t> timeouts{0};
  std::atomic<std::uint64_t> unauthorized{0};
  std::atomic<std::uint64_t> too_many_guesses{0};
  std::atomic<std::uint64_t> rate_limited{0};
  std::atomic<std::uint64_t> foreign_origin{0};
  std::atomic<std::uint64_t> slow_refused{0};
};

// Where a request came in.
struct Caller {
  Peer peer;
  bool via_loopback = false;  // at a loopback address of this host
};

// From a whole request to its answer: rules first, then the handler. Knows no
// sockets. Safe for several threads.
class Service {
 public:
  Service(Router router, std::unique_ptr<WebSettingsFile> settings, std::size_t slow_requests);

  [[nodiscard]] std::shared_ptr<const WebSettings> settings() { return settings_->current(); }
  // `request` is whole but for its user, which is filled in.
  [[nodiscard]] Response answer(Request& request, const Caller& caller,
                                const WebSettings& settings);

  [[nodiscard]] Counts counts();
  Counters counters;

 private:
  using Refused = std::optional<Response>;

  Refused check_rate(const RateLimit& limit);
  Refused check_origin(const Request& request, const Caller& caller, const WebSettings& settings);
  Refused check_user(Request& request, const Caller& caller, const WebSettings& settings);
  Response call(const Route& route, const Request& request);

  const Router router_;
  const std::unique_ptr<WebSettingsFile> settings_;
  const std::size_t slow_requests_;
  std::atomic<std::size_t> slow_running_{0};
  Authenticator authenticator_;
  std::mutex rate_mutex_;  // of the two below
  RateLimit rate_limit_;   // what the bucket was made for
  std::optional<TokenBucket> rate_;
};

}  // namespace gomapd::http
