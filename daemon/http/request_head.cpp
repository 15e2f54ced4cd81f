// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/request_head.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace gomapd::http {
namespace {

constexpr std::size_t kMaxHeaders = 100;
constexpr std::size_t kMaxParameters = 100;

std::unexpected<Refusal> refuse(int status, std::string reason) {
  return std::unexpected(Refusal{status, std::move(reason)});
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// RFC 9110 5.6.2: tchar.
bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.contains(c);
  });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// Takes what stands before `mark` off the front of `text`, or all of it.
std::string_view take_until(std::string_view& text, std::string_view mark) {
  const auto end = text.find(mark);
  const auto taken = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + mark.size());
  return taken;
}

// Percent-encoding, RFC 3986 2.1. A NUL is refused: no string of ours has one.
std::optional<std::string> decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned char byte = 0;
    const auto digits = text.substr(i + 1, 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (error != std::errc() || digits.size() != 2 || end != digits.data() + 2 || byte == 0)
      return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

bool climbs(std::string_view path) {
  while (!path.empty())
    if (take_until(path, "/") == "..") return true;
  return false;
}

// RFC 9112 3.2: origin-form, or absolute-form, whose host says nothing here.
std::expected<void, Refusal> parse_target(std::string_view target, Request& request) {
  if (std::ranges::any_of(target, [](char c) { return is_control(c) || c == '#'; }))
    return refuse(400, "the address has a character that must be escaped");
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const auto slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (!target.starts_with('/')) return refuse(400, "the address must begin with '/'");
  auto path = decode(take_until(target, "?"));
  if (!path || std::ranges::any_of(*path, is_control) || climbs(*path))
    return refuse(400, "the address has a broken escape, a control character or '..'");
  request.path = std::move(*path);
  if (!decode_query(target, request.query))
    return refuse(400, "the query has a broken escape, or too many parameters");
  return {};
}

std::expected<void, Refusal> parse_request_line(std::string_view line, Head& head) {
  const auto method = take_until(line, " ");
  const auto target = take_until(line, " ");
  if (!is_token(method)) return refuse(400, "no HTTP request");
  if (line != "HTTP/1.1" && line != "HTTP/1.0") {
    return line.starts_with("HTTP/") ? refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here")
                                     : refuse(400, "no HTTP request");
  }
  head.request.method = method;
  head.keep_alive = line == "HTTP/1.1";
  return parse_target(target, head.request);
}

std::expected<void, Refusal> parse_header(std::string_view line, Fields& headers) {
  const auto colon = line.find(':');
  // A blank before the colon or at the line's start (a folded line): RFC 9112 5.1, 5.2.
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
    return refuse(400, "a header is malformed");
  const auto value = trim(line.substr(colon + 1));
  if (std::ranges::any_of(value, [](char c) { return is_control(c) && c != '\t'; }))
    return refuse(400, "a header has a control character");
  if (headers.size() == kMaxHeaders) return refuse(431, "too many headers");
  headers.emplace_back(lower(line.substr(0, colon)), value);
  return {};
}

// `Connection: keep-alive, close` and the like.
bool lists(std::string_view value, std::string_view word) {
  while (!value.empty())
    if (lower(trim(take_until(value, ","))) == word) return true;
  return false;
}

std::expected<void, Refusal> apply(std::string_view name, std::string_view value, Head& head) {
  if (name == "transfer-encoding") return refuse(501, "transfer codings are not taken here");
  if (name == "connection" && lists(value, "close")) head.keep_alive = false;
  if (name == "expect") {
    if (lower(value) != "100-continue") return refuse(417, "what is expected here is not known");
    head.expects_continue = true;
  }
  if (name != "content-length") return {};
  const auto [end, error] =
      std::from_chars(value.data(), value.data() + value.size(), head.content_length);
  if (error == std::errc::result_out_of_range) return refuse(413, "the body is too large");
  if (error != std::errc() || end != value.data() + value.size())
    return refuse(400, "the length of the body is no number");
  return {};
}

// Two lengths, or two hosts, and two programs may each believe another.
std::expected<void, Refusal> apply_headers(Head& head, bool needs_host) {
  std::size_t hosts = 0;
  std::size_t lengths = 0;
  for (const auto& [name, value] : head.request.headers) {
    if (name == "host") ++hosts;
    if (name == "content-length") ++lengths;
    if (auto applied = apply(name, value, head); !applied) return applied;
  }
  if (lengths > 1) return refuse(400, "two lengths of one body");
  if (hosts > 1 || (needs_host && hosts == 0)) return refuse(400, "one Host header is needed");
  return {};
}

}  // namespace

std::size_t head_length(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  return end == std::string_view::npos ? end : end + 4;
}

std::expected<Head, Refusal> parse_head(std::string_view bytes) {
  if (!bytes.ends_with("\r\n\r\n")) return refuse(400, "no HTTP request");
  bytes.remove_suffix(2);  // each line, the last too, now ends with its own line break
  Head head;
  if (auto line = parse_request_line(take_until(bytes, "\r\n"), head); !line)
    return std::unexpected(std::move(line).error());
  const bool needs_host = head.keep_alive;  // RFC 9112 3.2: from 1.1 on
  while (!bytes.empty()) {
    if (auto line = parse_header(take_until(bytes, "\r\n"), head.request.headers); !line)
      return std::unexpected(std::move(line).error());
  }
  if (auto applied = apply_headers(head, needs_host); !applied)
    return std::unexpected(std::move(applied).error());
  return head;
}

bool decode_query(std::string_view text, Fields& into) {
  while (!text.empty()) {
    std::string pair(take_until(text, "&"));
    if (pair.empty()) continue;
    std::ranges::replace(pair, '+', ' ');
    std::string_view value = pair;
    const auto name = decode(take_until(value, "="));
    const auto decoded = decode(value);
    if (!name || !decoded || into.size() == kMaxParameters) return false;
    into.emplace_back(*name, *decoded);
  }
  return true;
}

}  // namespace gomapd::http
