// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/origin.h"

#include <arpa/inet.h>

#include <string>

namespace gomapd::http {
namespace {

bool is_address(int family, std::string_view text) {
  in6_addr address{};  // room for either
  return inet_pton(family, std::string(text).c_str(), &address) == 1;
}

}  // namespace

bool is_local_host(std::string_view host) {
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    return end != std::string_view::npos && is_address(AF_INET6, host.substr(1, end - 1));
  }
  const auto name = host.substr(0, host.rfind(':'));
  return name == "localhost" || name.ends_with(".localhost") || is_address(AF_INET, name);
}

bool is_same_origin(const Request& request) {
  if (request.method != "POST") return true;
  const auto origin = request.header("origin");
  if (origin.empty()) return true;
  const auto host = origin.find("://");
  return host != std::string_view::npos && origin.substr(host + 3) == request.header("host");
}

}  // namespace gomapd::http
