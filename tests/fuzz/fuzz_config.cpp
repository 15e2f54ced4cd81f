// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// A configuration, read as the daemon's own and as that of the web server. What is
// wrong is said in one line that begins with the file's name.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "daemon/config/daemon_options.h"
#include "daemon/http/web_config.h"

namespace {

void require_one_line(const std::string& text) {
  if (!text.starts_with("f.yaml") || text.find('\n') != std::string::npos) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto read = gomapd::config::parse_daemon_options(text, "f.yaml"); !read)
    require_one_line(read.error().context);
  if (const auto read = gomapd::http::parse_web_config(text, "f.yaml"); !read)
    require_one_line(read.error().context);
  (void)gomapd::http::parse_go_duration(text.substr(0, 64));
  return 0;
}
