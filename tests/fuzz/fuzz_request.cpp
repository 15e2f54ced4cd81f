// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The input is what a connection has received so far.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "daemon/http/origin.h"
#include "daemon/http/request_head.h"

namespace gomapd::http {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void read(std::string_view bytes) {
  const auto length = head_length(bytes);
  if (length == std::string_view::npos) return;
  const auto head = parse_head(bytes.substr(0, length));
  if (!head) {
    require(head.error().status >= 400 && head.error().status <= 505);
    return;
  }
  const auto& request = head->request;
  require(!request.method.empty() && request.path.starts_with('/'));
  require((request.path + '/').find("/../") == std::string::npos);
  for (const char c : request.path) {
    const auto byte = static_cast<unsigned char>(c);
    require(byte >= 0x20 && byte != 0x7f);
  }
  for (const auto& [name, value] : request.headers)
    require(!name.empty() &&
            value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  (void)is_local_host(request.header("host"));
  (void)is_same_origin(request);
}

}  // namespace
}  // namespace gomapd::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gomapd::http::read({reinterpret_cast<const char*>(data), size});
  return 0;
}
