// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/request_head.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace gomapd::http {
namespace {

constexpr std::string_view kFull =
    "GET /debug/pprof/mapgrowth?seconds=5&q=a%20b+c&q=2 HTTP/1.1\r\n"
    "Host: localhost:10435\r\nAccept-Encoding: \t gzip , br \r\nX-Empty:\r\n\r\n";

std::string with_header(std::string_view header) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(header) + "\r\n\r\n";
}

int status_of(std::string_view bytes) {
  const auto head = parse_head(bytes);
  return head ? 200 : head.error().status;
}

TEST(RequestHead, ReadsPathQueryAndHeaders) {
  const auto head = parse_head(kFull);
  ASSERT_TRUE(head) << head.error().reason;
  EXPECT_EQ(head->request.method, "GET");
  EXPECT_EQ(head->request.path, "/debug/pprof/mapgrowth");
  const Fields query{{"seconds", "5"}, {"q", "a b c"}, {"q", "2"}};
  EXPECT_EQ(head->request.query, query);
  EXPECT_EQ(head->request.parameter("q"), "a b c");
  EXPECT_EQ(head->request.parameter("none"), std::nullopt);
  EXPECT_EQ(head->request.header("accept-encoding"), "gzip , br");
  EXPECT_EQ(head->request.header("x-empty"), "");
  EXPECT_TRUE(head->keep_alive);
  EXPECT_EQ(head->content_length, 0U);
}

TEST(RequestHead, ReadsWhatEachHeaderMeans) {
  EXPECT_FALSE(parse_head(with_header("Connection: foo, Close"))->keep_alive);
  EXPECT_FALSE(parse_head("GET / HTTP/1.0\r\n\r\n")->keep_alive);
  EXPECT_EQ(parse_head(with_header("Content-Length: 17"))->content_length, 17U);
  EXPECT_TRUE(parse_head(with_header("Expect: 100-Continue"))->expects_continue);
}

TEST(RequestHead, ReadsAbsoluteAddresses) {
  EXPECT_EQ(parse_head("GET http://h:1/a%2Fb?c HTTP/1.1\r\nHost: h\r\n\r\n")->request.path, "/a/b");
  EXPECT_EQ(parse_head("GET https://h HTTP/1.1\r\nHost: h\r\n\r\n")->request.path, "/");
}

struct BadCase {
  std::string bytes;
  int status;
};

class RequestHeadBad : public testing::TestWithParam<BadCase> {};

TEST_P(RequestHeadBad, IsRefused) {
  EXPECT_EQ(status_of(GetParam().bytes), GetParam().status) << GetParam().bytes;
}

std::string line(std::string_view request_line) {
  return std::string(request_line) + "\r\nHost: a\r\n\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Table, RequestHeadBad,
    testing::Values(
        BadCase{"\r\n\r\n", 400}, BadCase{line("GET /"), 400},
        BadCase{line("GET  / HTTP/1.1"), 400}, BadCase{line(" GET / HTTP/1.1"), 400},
        BadCase{line("GET / HTTP/1.1 "), 505}, BadCase{line("GET / HTTP/2.0"), 505},
        BadCase{line("GET / http/1.1"), 400}, BadCase{line("G@T / HTTP/1.1"), 400},
        BadCase{line("GET a HTTP/1.1"), 400}, BadCase{line("OPTIONS * HTTP/1.1"), 400},
        BadCase{line("GET /%zz HTTP/1.1"), 400}, BadCase{line("GET /%4 HTTP/1.1"), 400},
        BadCase{line("GET /%00 HTTP/1.1"), 400}, BadCase{line("GET /%0a HTTP/1.1"), 400},
        BadCase{line("GET /a/../b HTTP/1.1"), 400}, BadCase{line("GET /%2e%2e/b HTTP/1.1"), 400},
        BadCase{line("GET /#x HTTP/1.1"), 400}, BadCase{line("GET /?a=%f HTTP/1.1"), 400},
        BadCase{line("GET /\x01 HTTP/1.1"), 400}, BadCase{"GET / HTTP/1.1\r\n\r\n", 400},
        BadCase{with_header("Host: b"), 400}, BadCase{with_header(" folded: x"), 400},
        BadCase{with_header("a : b"), 400}, BadCase{with_header("nocolon"), 400},
        BadCase{with_header(": empty"), 400}, BadCase{with_header("a: b\nc: d"), 400},
        BadCase{with_header("a: b\rc: d"), 400}, BadCase{with_header(std::string("a: \0", 4)), 400},
        BadCase{with_header("Transfer-Encoding: chunked"), 501},
        BadCase{with_header("Content-Length: +1"), 400},
        BadCase{with_header("Content-Length:"), 400},
        BadCase{with_header("Content-Length: 1, 1"), 400},
        BadCase{with_header("Content-Length: 1\r\nContent-Length: 1"), 400},
        BadCase{with_header("Content-Length: 99999999999999999999999"), 413},
        BadCase{with_header("Expect: tea"), 417}));

TEST(RequestHead, RefusesTooManyHeadersAndParameters) {
  std::string headers;
  std::string parameters;
  for (int i = 0; i < 120; ++i) {
    headers += "a: b\r\n";
    parameters += "a&";
  }
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n"), 431);
  EXPECT_EQ(status_of(line("GET /?" + parameters + " HTTP/1.1")), 400);
}

TEST(RequestHead, RefusesEveryTruncation) {
  for (std::size_t length = 0; length < kFull.size(); ++length) {
    EXPECT_EQ(head_length(kFull.substr(0, length)), std::string_view::npos);
    EXPECT_EQ(status_of(kFull.substr(0, length)), 400) << length;
  }
  EXPECT_EQ(head_length(kFull), kFull.size());
}

TEST(RequestHead, NeverHandsOutControlCharactersInAPath) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp,bugprone-random-generator-seed): repeatable
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(kFull);
    for (int change = 0; change < 3; ++change)
      bytes[random() % (bytes.size() - 4)] = static_cast<char>(random());
    const auto head = parse_head(bytes);
    if (!head) continue;
    ASSERT_TRUE(head->request.path.starts_with('/'));
    for (const unsigned char c : head->request.path) ASSERT_TRUE(c >= 0x20 && c != 0x7f);
  }
}

}  // namespace
}  // namespace gomapd::http
