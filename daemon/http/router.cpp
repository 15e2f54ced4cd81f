// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/router.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

namespace gomapd::http {
namespace {

bool matches(const Route& route, std::string_view path) {
  if (route.match == Match::kExact) return path == route.path;
  if (!path.starts_with(route.path)) return false;
  return route.path.ends_with('/') || path.size() == route.path.size() ||
         path[route.path.size()] == '/';
}

bool goes_before(const Route& a, const Route& b) {
  const auto key = [](const Route& route) {
    return std::tuple(route.match != Match::kExact,
                      -static_cast<std::ptrdiff_t>(route.path.size()));
  };
  return key(a) < key(b);
}

bool same(const Route& a, const Route& b) {
  return a.method == b.method && a.path == b.path && a.match == b.match;
}

}  // namespace

Result<Router> Router::create(std::vector<Route> routes) {
  for (auto at = routes.begin(); at != routes.end(); ++at) {
    const auto wrong = [&](std::string_view why) {
      return fail(Errc::kUsage, fmt::format("route {} {}: {}", at->method, at->path, why));
    };
    if (!at->handler) return wrong("no handler");
    if (at->method != "GET" && at->method != "POST") return wrong("only GET and POST");
    if (!at->path.starts_with('/')) return wrong("the path must begin with '/'");
    if (std::any_of(routes.begin(), at, [&](const Route& other) { return same(other, *at); }))
      return wrong("twice");
  }
  std::ranges::stable_sort(routes, goes_before);
  return Router(std::move(routes));
}

Router::Found Router::find(std::string_view method, std::string_view path) const {
  Found found;
  for (const auto& route : routes_) {
    if (!matches(route, path)) continue;
    if (route.method == method) return {&route, {}};
    if (!found.allowed.empty()) found.allowed += ", ";
    found.allowed += route.method == "GET" ? "GET, HEAD" : "POST";
  }
  return found;
}

}  // namespace gomapd::http
