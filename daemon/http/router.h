// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/message.h"
#include "probes/base/result.h"

namespace gomapd::http {

// Pure: which route answers. Immutable once made.
class Router {
 public:
  // kUsage: a route without a handler, of another method than GET and POST, with a
  // path that does not begin with '/', or twice.
  [[nodiscard]] static Result<Router> create(std::vector<Route> routes);

  struct Found {
    const Route* route = nullptr;  // the router's own
    std::string allowed;           // if null: for 405; empty: 404
  };
  // An exact path goes before a prefix, a long prefix before a short one.
  [[nodiscard]] Found find(std::string_view method, std::string_view path) const;

 private:
  explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

  std::vector<Route> routes_;  // best match first
};

}  // namespace gomapd::http
