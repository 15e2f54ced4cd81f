// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <gtest/gtest.h>

#include "daemon/http/origin.h"
#include "daemon/http/router.h"

namespace gomapd::http {
namespace {

Route route(std::string path, Match match = Match::kExact, std::string method = "GET") {
  return {std::move(method), std::move(path), [](const Request&) { return Response(); }, match,
          Cost::kQuick};
}

std::string found(const Router& router, std::string_view method, std::string_view path) {
  const auto answer = router.find(method, path);
  return answer.route != nullptr ? answer.route->path : "!" + answer.allowed;
}

TEST(Router, TakesTheBestMatch) {
  const auto router = Router::create({route("/"), route("/api", Match::kPrefix),
                                      route("/api/v1/", Match::kPrefix), route("/api/v1/x")});
  ASSERT_TRUE(router) << router.error().context;
  EXPECT_EQ(found(*router, "GET", "/"), "/");
  EXPECT_EQ(found(*router, "GET", "/other"), "!");
  EXPECT_EQ(found(*router, "GET", "/api"), "/api");
  EXPECT_EQ(found(*router, "GET", "/api/other"), "/api");
  EXPECT_EQ(found(*router, "GET", "/apis"), "!");
  EXPECT_EQ(found(*router, "GET", "/api/v1/y"), "/api/v1/");
  EXPECT_EQ(found(*router, "GET", "/api/v1/x"), "/api/v1/x");
}

TEST(Router, SaysWhichMethodsThereAre) {
  const auto router = Router::create({route("/a"), route("/a", Match::kExact, "POST")});
  ASSERT_TRUE(router) << router.error().context;
  EXPECT_EQ(found(*router, "POST", "/a"), "/a");
  EXPECT_EQ(found(*router, "PUT", "/a"), "!GET, HEAD, POST");
}

TEST(Router, RefusesRoutesThatMeanNothing) {
  auto no_handler = route("/a");
  no_handler.handler = nullptr;
  std::vector<Route> routes{no_handler};
  EXPECT_FALSE(Router::create(routes));
  EXPECT_FALSE(Router::create({route("a")}));
  EXPECT_FALSE(Router::create({route("/a", Match::kExact, "PUT")}));
  EXPECT_FALSE(Router::create({route("/a"), route("/a")}));
}

TEST(Origin, ANameThatAnybodyCanPointHereIsNotLocal) {
  for (const auto* host : {"127.0.0.1", "127.0.0.1:10435", "localhost", "localhost:1", "[::1]:80",
                           "[fe80::1]", "10.0.0.1", "a.localhost:5"})
    EXPECT_TRUE(is_local_host(host)) << host;
  for (const auto* host : {"evil.example", "evil.example:10435", "127.0.0.1.evil.example",
                           "localhost.evil.example", "notlocalhost", "[evil]", "[", ""})
    EXPECT_FALSE(is_local_host(host)) << host;
}

TEST(Origin, OnlyAForeignPagesPostIsForeign) {
  Request request;
  request.method = "POST";
  request.headers.emplace_back("host", "h:1");
  EXPECT_TRUE(is_same_origin(request));
  request.headers.emplace_back("origin", "https://h:1");
  EXPECT_TRUE(is_same_origin(request));
  request.headers.back().second = "http://evil";
  EXPECT_FALSE(is_same_origin(request));
  request.headers.back().second = "null";
  EXPECT_FALSE(is_same_origin(request));
  request.method = "GET";
  EXPECT_TRUE(is_same_origin(request));
}

}  // namespace
}  // namespace gomapd::http
