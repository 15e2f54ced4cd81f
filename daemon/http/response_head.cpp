// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/response_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "daemon/export/gzip.h"

namespace gomapd::http {
namespace {

struct Phrase {
  int status;
  std::string_view text;
};

// RFC 9110 15, RFC 6585.
constexpr std::array kPhrases{
    Phrase{200, "OK"},
    Phrase{202, "Accepted"},
    Phrase{204, "No Content"},
    Phrase{301, "Moved Permanently"},
    Phrase{302, "Found"},
    Phrase{303, "See Other"},
    Phrase{304, "Not Modified"},
    Phrase{307, "Temporary Redirect"},
    Phrase{308, "Permanent Redirect"},
    Phrase{400, "Bad Request"},
    Phrase{401, "Unauthorized"},
    Phrase{403, "Forbidden"},
    Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"},
    Phrase{406, "Not Acceptable"},
    Phrase{408, "Request Timeout"},
    Phrase{409, "Conflict"},
    Phrase{413, "Content Too Large"},
    Phrase{417, "Expectation Failed"},
    Phrase{422, "Unprocessable Content"},
    Phrase{429, "Too Many Requests"},
    Phrase{431, "Request Header Fields Too Large"},
    Phrase{500, "Internal Server Error"},
    Phrase{501, "Not Implemented"},
    Phrase{503, "Service Unavailable"},
    Phrase{505, "HTTP Version Not Supported"},
};

// Below this, a packet is a packet.
constexpr std::size_t kWorthCompressing = 1024;

// ASCII only, whatever the locale says.
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool has(const Response& response, std::string_view name) {
  return std::ranges::any_of(response.headers,
                             [&](const auto& header) { return same_name(header.first, name); });
}

void add_unless_there(Response& response, std::string_view name, std::string_view value) {
  if (!has(response, name)) response.headers.emplace_back(name, value);
}

bool is_text(std::string_view content_type) {
  constexpr std::array<std::string_view, 5> kTypes{"text/", "application/json",
                                                   "application/javascript",
                                                   "application/openmetrics-text", "image/svg+xml"};
  return std::ranges::any_of(kTypes, [&](auto prefix) { return content_type.starts_with(prefix); });
}

// A weight of 0 forbids; "q=0.000" is the longest way to say it.
bool forbids(std::string_view parameters) {
  const auto q = parameters.find("q=0");
  return q != std::string_view::npos &&
         parameters.find_first_not_of("0. \t", q + 2) == std::string_view::npos;
}

bool accepts_gzip(std::string_view list) {
  bool any = false;
  while (!list.empty()) {
    auto item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    item.remove_prefix(std::min(item.size(), item.find_first_not_of(" \t")));
    const auto name = item.substr(0, item.find_first_of("; \t"));
    if (same_name(name, "gzip")) return !forbids(item);
    if (name == "*") any = !forbids(item);
  }
  return any;
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  out += "\r\n";
}

// RFC 9110 5.6.7, whatever the locale says.
std::string http_date(std::time_t now) {
  constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                     kDays.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                     kMonths.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900,
                     utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace

std::string_view reason_phrase(int status) {
  const auto found = std::ranges::find(kPhrases, status, &Phrase::status);
  return found == kPhrases.end() ? "Status" : found->text;
}

void add_default_headers(Response& response, const Fields& operator_headers) {
  for (const auto& header : operator_headers) {
    std::erase_if(response.headers,
                  [&](const auto& other) { return same_name(other.first, header.first); });
    response.headers.push_back(header);
  }
  add_unless_there(response, "X-Content-Type-Options", "nosniff");
  add_unless_there(response, "Cache-Control", "no-store");
  if (!response.content_type.starts_with("text/html")) return;
  add_unless_there(response, "X-Frame-Options", "deny");
  add_unless_there(response, "Referrer-Policy", "no-referrer");
  add_unless_there(response, "Content-Security-Policy", "default-src 'none'");
}

void compress_body(Response& response, std::string_view accept_encoding) {
  if (response.body.size() < kWorthCompressing || !is_text(response.content_type) ||
      has(response, "Content-Encoding"))
    return;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (!accepts_gzip(accept_encoding)) return;
  auto compressed = exporter::gzip(response.body);
  if (!compressed) return;  // no memory for it: the plain body is right, too
  response.body = std::move(*compressed);
  response.headers.emplace_back("Content-Encoding", "gzip");
}

std::string serialize_head(const Response& response, Connection connection, std::time_t now) {
  auto out = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  append_header(out, "Date", http_date(now));
  if (!response.body.empty()) append_header(out, "Content-Type", response.content_type);
  // RFC 9110 8.6: these have none, not even an empty one.
  if (response.status != 204 && response.status != 304)
    append_header(out, "Content-Length", fmt::to_string(response.body.size()));
  append_header(out, "Connection", connection == Connection::kKeepAlive ? "keep-alive" : "close");
  for (const auto& [name, value] : response.headers) append_header(out, name, value);
  return out + "\r\n";
}

Response plain_response(int status, std::string_view text) {
  return {.status = status,
          .content_type = "text/plain; charset=utf-8",
          .body = fmt::format("{}\n", text),
          .headers = {}};
}

}  // namespace gomapd::http
