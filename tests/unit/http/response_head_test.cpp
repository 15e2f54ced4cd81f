// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/response_head.h"

#include <gtest/gtest.h>

namespace gomapd::http {
namespace {

std::string header_of(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "(none)";
}

Response text(std::size_t bytes) {
  return plain_response(200, std::string(bytes, 'x'));
}

TEST(ResponseHead, IsWrittenAsTheStandardSays) {
  Response response = plain_response(404, "nothing");
  response.headers.emplace_back("X-A", "b");
  EXPECT_EQ(serialize_head(response, Connection::kClose, 784111777),
            "HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 8\r\n"
            "Connection: close\r\nX-A: b\r\n\r\n");
}

TEST(ResponseHead, LetsNoValueStartAHeader) {
  Response response;
  response.headers.emplace_back("Location", "/a\r\nSet-Cookie: x");
  const auto head = serialize_head(response, Connection::kKeepAlive, 0);
  EXPECT_NE(head.find("Location: /a  Set-Cookie: x\r\n"), std::string::npos) << head;
}

TEST(ResponseHead, HasNoLengthWhereThereCanBeNoBody) {
  const Response response{.status = 204, .content_type = {}, .body = {}, .headers = {}};
  EXPECT_EQ(serialize_head(response, Connection::kClose, 0).find("Content-"), std::string::npos);
}

TEST(ResponseHead, ProtectsPagesUnlessTheHandlerSaysHow) {
  Response page = text(1);
  page.content_type = "text/html; charset=utf-8";
  page.headers.emplace_back("content-security-policy", "default-src 'self'");
  add_default_headers(page, {});
  EXPECT_EQ(header_of(page, "content-security-policy"), "default-src 'self'");
  EXPECT_EQ(header_of(page, "Content-Security-Policy"), "(none)");
  EXPECT_EQ(header_of(page, "X-Frame-Options"), "deny");
  EXPECT_EQ(header_of(page, "X-Content-Type-Options"), "nosniff");
}

TEST(ResponseHead, TheOperatorsHeadersWin) {
  Response page = text(1);
  page.content_type = "text/html";
  page.headers.emplace_back("Content-Security-Policy", "default-src 'self'");
  add_default_headers(page, {{"Content-Security-Policy", "x"}, {"X-Frame-Options", "sameorigin"}});
  EXPECT_EQ(header_of(page, "Content-Security-Policy"), "x");
  EXPECT_EQ(header_of(page, "X-Frame-Options"), "sameorigin");
}

struct AcceptCase {
  std::string_view accept;
  bool compressed;
};
class AcceptEncoding : public testing::TestWithParam<AcceptCase> {};
TEST_P(AcceptEncoding, DecidesCompression) {
  Response response = text(5000);
  compress_body(response, GetParam().accept);
  EXPECT_EQ(header_of(response, "Content-Encoding") == "gzip", GetParam().compressed)
      << GetParam().accept;
  EXPECT_EQ(response.body.size() < 1000, GetParam().compressed);
  EXPECT_EQ(header_of(response, "Vary"), "Accept-Encoding");
}
INSTANTIATE_TEST_SUITE_P(
    Table, AcceptEncoding,
    testing::Values(AcceptCase{"gzip", true}, AcceptCase{"deflate, GZIP;q=0.5", true},
                    AcceptCase{"*", true}, AcceptCase{"br , gzip ; q=1.0", true},
                    AcceptCase{"", false}, AcceptCase{"identity", false},
                    AcceptCase{"gzip;q=0", false}, AcceptCase{"gzip; q=0.000", false},
                    AcceptCase{"*, gzip;q=0", false}, AcceptCase{"*;q=0", false},
                    AcceptCase{"xgzip, gzipx", false}, AcceptCase{",,;,", false}));

TEST(CompressBody, LeavesSmallBinaryAndCompressedBodiesAlone) {
  Response small = text(10);
  Response binary = text(5000);
  binary.content_type = "application/octet-stream";
  Response done = text(5000);
  done.headers.emplace_back("content-encoding", "gzip");
  for (auto* response : {&small, &binary, &done}) {
    const auto size = response->body.size();
    compress_body(*response, "gzip");
    EXPECT_EQ(response->body.size(), size);
  }
}

}  // namespace
}  // namespace gomapd::http
