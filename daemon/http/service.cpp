// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/service.h"

#include <fmt/format.h>

#include <exception>

#include "daemon/http/origin.h"
#include "daemon/http/response_head.h"

namespace gomapd::http {
namespace {

using std::chrono::steady_clock;

Response try_later(int status, std::string_view text, std::chrono::seconds when) {
  auto response = plain_response(status, text);
  response.headers.emplace_back("Retry-After", fmt::to_string(std::max<std::int64_t>(
                                                   1, static_cast<std::int64_t>(when.count()))));
  return response;
}

// A handler of ours must not take the daemon down when memory is short.
Response guarded(const Handler& handler, const Request& request) {
  try {
    return handler(request);
  } catch (const std::exception& error) {
    return plain_response(500, fmt::format("this failed: {}", error.what()));
  }
}

}  // namespace

Service::Service(Router router, std::unique_ptr<WebSettingsFile> settings,
                 std::size_t slow_requests)
    : router_(std::move(router)), settings_(std::move(settings)), slow_requests_(slow_requests) {}

Service::Refused Service::check_rate(const RateLimit& limit) {
  if (limit.interval.count() == 0) return std::nullopt;
  const std::lock_guard lock(rate_mutex_);
  const auto now = steady_clock::now();
  if (!rate_ || rate_limit_.interval != limit.interval || rate_limit_.burst != limit.burst) {
    rate_limit_ = limit;
    rate_.emplace(limit.interval, static_cast<double>(limit.burst), now);
  }
  if (!rate_->has_token(now)) {
    ++counters.rate_limited;
    return try_later(429, "too many requests (rate_limit)", rate_->until_next(now));
  }
  rate_->take();
  return std::nullopt;
}

// Who has to say who he is can't be a foreign page: browsers keep passwords by origin.
Service::Refused Service::check_origin(const Request& request, const Caller& caller,
                                       const WebSettings& settings) {
  const bool foreign_name = caller.via_loopback && !settings.asks_who() &&
                            !request.header("host").empty() &&
                            !is_local_host(request.header("host"));
  if (!foreign_name && is_same_origin(request)) return std::nullopt;
  ++counters.foreign_origin;
  return plain_response(403, foreign_name
                                 ? "Refused: the Host header is neither an address nor localhost, "
                                   "and nobody has to log in here. See docs/WEB.md."
                                 : "Refused: sent by a page of another origin.");
}

Service::Refused Service::check_user(Request& request, const Caller& caller,
                                     const WebSettings& settings) {
  if (settings.config.users.empty()) return std::nullopt;
  auto answer = authenticator_.check(settings.config.users, request.header("authorization"),
                                     caller.peer.group, steady_clock::now());
  switch (answer.verdict) {
    case Authenticator::Verdict::kAllowed:
      request.user = std::move(answer.user);
      return std::nullopt;
    case Authenticator::Verdict::kTooManyGuesses:
      ++counters.too_many_guesses;
      return try_later(429, "too many wrong passwords from your address", answer.retry_after);
    case Authenticator::Verdict::kBusy:
      return try_later(503, "too many are logging in", answer.retry_after);
    case Authenticator::Verdict::kDenied: break;
  }
  ++counters.unauthorized;
  auto response = plain_response(401, "a user and a password are needed");
  response.headers.emplace_back("WWW-Authenticate", "Basic");
  return response;
}

Response Service::call(const Route& route, const Request& request) {
  if (route.cost == Cost::kQuick) return guarded(route.handler, request);
  if (slow_running_.fetch_add(1) >= slow_requests_) {
    --slow_running_;
    ++counters.slow_refused;
    return try_later(503, "too many such requests are running", std::chrono::seconds(5));
  }
  auto response = guarded(route.handler, request);
  --slow_running_;
  return response;
}

Response Service::answer(Request& request, const Caller& caller, const WebSettings& settings) {
  ++counters.requests;
  if (auto refused = check_rate(settings.config.rate_limit)) return *std::move(refused);
  if (auto refused = check_origin(request, caller, settings)) return *std::move(refused);
  if (auto refused = check_user(request, caller, settings)) return *std::move(refused);
  const auto found = router_.find(request.method, request.path);
  if (found.route != nullptr) return call(*found.route, request);
  if (found.allowed.empty()) return plain_response(404, "nothing is served here");
  auto response = plain_response(405, "not by this method");
  response.headers.emplace_back("Allow", found.allowed);
  return response;
}

Counts Service::counts() {
  return {
      .connections = counters.connections,
      .refused_connections = counters.refused_connections,
      .failed_handshakes = counters.failed_handshakes,
      .requests = counters.requests,
      .malformed = counters.malformed,
      .timeouts = counters.timeouts,
      .unauthorized = counters.unauthorized,
      .too_many_guesses = counters.too_many_guesses,
      .rate_limited = counters.rate_limited,
      .foreign_origin = counters.foreign_origin,
      .slow_refused = counters.slow_refused,
      .refused_configs = settings_->refused(),
  };
}

}  // namespace gomapd::http
