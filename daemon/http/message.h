// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What a handler is given and gives back. Plain values.
namespace gomapd::http {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  // "GET" for a HEAD too: the server leaves the body out itself
  std::string path;    // decoded; begins with '/', has no ".." and no control characters
  Fields query;        // decoded, in the order of the request; a name may come twice
  Fields headers;      // names in lower case
  std::string body;
  std::string peer;  // numeric address without port; empty for a UNIX socket
  std::string user;  // who authorised; empty where nobody needs to

  // Sleeps for at most so long. False, at once: nobody waits for the answer any
  // more, because the server stops or the client has hung up. A handler that
  // takes more than a moment does all its waiting here, or the server's stop()
  // waits for it.
  std::function<bool(std::chrono::milliseconds)> sleep;

  [[nodiscard]] bool wait_for(std::chrono::milliseconds time) const {
    return !sleep || sleep(time);
  }

  // The first of that name.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const {
    return first(query, name);
  }
  // `name` in lower case. Empty if there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const {
    return first(headers, name).value_or(std::string_view());
  }

 private:
  [[nodiscard]] static std::optional<std::string_view> first(const Fields& fields,
                                                             std::string_view name) {
    for (const auto& [key, value] : fields)
      if (key == name) return value;
    return std::nullopt;
  }
};

// The server adds Date, Content-Length, Connection and X-Content-Type-Options;
// `Cache-Control: no-store` and, for HTML, X-Frame-Options, Referrer-Policy and
// a Content-Security-Policy that allows nothing, unless `headers` has them; and
// compresses text where the client takes it and there is no Content-Encoding yet.
struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  Fields headers = {};
};

// Called on any of the server's threads, several at once.
using Handler = std::function<Response(const Request&)>;

enum class Match : std::uint8_t {
  kExact,
  kPrefix,  // `path` and everything below it
};

enum class Cost : std::uint8_t {
  kQuick,
  kSlow,  // may take seconds: only so many at once (Limits::slow_requests)
};

struct Route {
  std::string method;  // "GET", which answers HEAD too, or "POST"
  std::string path;
  Handler handler;
  Match match = Match::kExact;
  Cost cost = Cost::kQuick;
};

}  // namespace gomapd::http
