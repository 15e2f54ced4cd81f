// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/page.h"

#include <string>
#include <utility>

#include "daemon/page/page_files.h"

namespace gomapd::app {
namespace {

using http::Request;
using http::Response;
using page::PageFile;

// What is shown comes from traced programs: nothing but the page's own files may run,
// nothing may be sent elsewhere, and no text can become markup.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

// A browser asks each time, and gets 304 until there is another daemon.
Response file_response(const PageFile& file, const Request& request) {
  Response response{.content_type = std::string(file.content_type),
                    .body = {},
                    // Weak: the server may compress.
                    .headers = {{"ETag", "W/" + std::string(file.etag)},
                                {"Cache-Control", "no-cache"},
                                {"Content-Security-Policy", std::string(kContentSecurityPolicy)}}};
  if (request.header("if-none-match").find(file.etag) != std::string_view::npos)
    response.status = 304;
  else
    response.body = file.bytes;
  return response;
}

Response entrance(const PageFile& page, std::string_view index, const Request& request) {
  auto response = request.header("accept").find("text/html") == std::string_view::npos
                      ? Response{.body = std::string(index), .headers = {}}
                      : file_response(page, request);
  response.headers.emplace_back("Vary", "Accept");
  return response;
}

}  // namespace

std::vector<http::Route> page_routes(std::string_view index) {
  std::vector<http::Route> routes;
  const auto add = [&](std::string path, http::Handler handler) {
    routes.push_back(
        {"GET", std::move(path), std::move(handler), http::Match::kExact, http::Cost::kQuick});
  };
  for (const auto& file : page::page_files()) {
    if (file.path == "index.html")
      add("/", [&file, index](const Request& request) { return entrance(file, index, request); });
    else
      add("/page/" + std::string(file.path),
          [&file](const Request& request) { return file_response(file, request); });
  }
  return routes;
}

}  // namespace gomapd::app
