// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <latch>
#include <optional>
#include <thread>

#include "tests/unit/http/client.h"

namespace gomapd::http {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::Client;

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::uint16_t port_of(const Server& server) {
  const auto address = server.endpoints().at(0);
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

class ServerTest : public testing::Test {
 protected:
  void start(const Limits& limits = {}) {
    ServerOptions options;
    options.addresses = {"127.0.0.1:0"};
    options.limits = limits;
    options.routes = {
        {"GET", "/hello", [](const Request&) { return Response{.body = "hello\n"}; }},
        {"GET", "/big", [](const Request&) { return Response{.body = std::string(8 << 20, 'b')}; }},
        {"POST", "/echo", [](const Request& request) { return Response{.body = request.body}; }},
        {"GET", "/throws",
         [](const Request&) -> Response { throw std::runtime_error("on purpose"); }},
        {"GET", "/slow",
         [this](const Request& request) {
           slow_begun_.count_down();
           const bool slept = request.wait_for(60s);
           if (!slept) ++woken_;
           return Response{.body = slept ? "slept" : "woken"};
         },
         Match::kExact, Cost::kSlow},
    };
    auto server = Server::start(std::move(options));
    ASSERT_TRUE(server) << server.error().context;
    server_.emplace(std::move(*server));
    port_ = port_of(*server_);
  }

  std::latch slow_begun_{1};
  std::atomic<int> woken_{0};
  std::optional<Server> server_;
  std::uint16_t port_ = 0;
};

TEST_F(ServerTest, AnswersRequestsOneAfterTheOther) {
  start();
  Client client(port_);
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.get("/hello");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "hello\n");
    EXPECT_TRUE(answer.has("Connection: keep-alive"));
    EXPECT_TRUE(answer.has("X-Content-Type-Options: nosniff"));
  }
  client.send(
      "GET /hello HTTP/1.1\r\nHost: a.localhost\r\n\r\nGET /none HTTP/1.1\r\nHost: "
      "localhost\r\n\r\n");
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_EQ(client.receive().status, 404);
  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(server_->counts().connections, 1U);
  EXPECT_EQ(server_->counts().requests, 5U);
}

TEST_F(ServerTest, TellsWhatItDoesNotServe) {
  start();
  EXPECT_EQ(test::get(port_, "/").status, 404);
  EXPECT_EQ(test::get(port_, "/hello/").status, 404);
  Client client(port_);
  client.send("DELETE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto refused = client.receive();
  EXPECT_EQ(refused.status, 405);
  EXPECT_TRUE(refused.has("Allow: GET, HEAD"));
  EXPECT_EQ(test::get(port_, "/throws").status, 500);
}

TEST_F(ServerTest, AnswersHeadWithoutABody) {
  start();
  Client client(port_);
  client.send("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto head = client.receive(Client::Body::kHead);
  EXPECT_EQ(head.status, 200);
  EXPECT_TRUE(head.has("Content-Length: 6"));
  EXPECT_EQ(client.get("/hello").body, "hello\n");  // not mixed up with a body
}

TEST_F(ServerTest, TakesSmallBodies) {
  start();
  Client client(port_);
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n");
  client.send("seven");
  EXPECT_EQ(client.receive().body, "seven");
  client.send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Content-Length: 2\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  client.send("ok");
  EXPECT_EQ(client.receive().body, "ok");
}

TEST_F(ServerTest, RefusesWhatIsTooLargeOrMalformed) {
  start();
  const std::string large(20'000, 'x');
  EXPECT_EQ(test::get(port_, "/hello", "X-Large: " + large + "\r\n").status, 431);
  Client body(port_);
  body.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n" + large);
  EXPECT_EQ(body.receive().status, 413);
  Client junk(port_);
  junk.send(std::string("\x16\x03\x01\0\r\n\r\n", 8));
  EXPECT_EQ(junk.receive().status, 400);
  EXPECT_EQ(server_->counts().malformed, 3U);
}

TEST_F(ServerTest, DropsSlowClients) {
  start({.request_timeout = 1s});
  Client silent(port_);
  Client slow(port_);
  slow.send("GET /hello HTTP/1.1\r\nHost: loc");
  EXPECT_EQ(slow.receive().status, 408);
  EXPECT_TRUE(slow.is_closed());
  EXPECT_EQ(silent.receive().status, 408);
  EXPECT_EQ(server_->counts().timeouts, 2U);
}

TEST_F(ServerTest, DropsClientsThatDoNotRead) {
  start({.response_timeout = 200ms});
  const Client client(port_);
  client.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (server_->counts().timeouts == 0) std::this_thread::sleep_for(5ms);
}

TEST_F(ServerTest, DropsIdleClients) {
  start({.idle_timeout = 100ms});
  Client client(port_);
  EXPECT_EQ(client.get("/hello").status, 200);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerTest, SendsLargeBodiesWhole) {
  start();
  EXPECT_EQ(test::get(port_, "/big").body, std::string(8 << 20, 'b'));
  const auto compressed = test::get(port_, "/big", "Accept-Encoding: gzip\r\n");
  EXPECT_TRUE(compressed.has("Content-Encoding: gzip"));
  EXPECT_LT(compressed.body.size(), 100'000U);
}

TEST_F(ServerTest, BoundsSlowRequestsAndServesOthersMeanwhile) {
  start({.slow_requests = 1});
  const Client first(port_);
  first.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  slow_begun_.wait();
  const auto refused = test::get(port_, "/slow");
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.has("Retry-After: 5"));
  EXPECT_EQ(test::get(port_, "/hello").status, 200);
  EXPECT_EQ(server_->counts().slow_refused, 1U);
}

TEST_F(ServerTest, StopsWhileASlowRequestRuns) {
  start();
  Client client(port_);
  client.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  Client idle(port_);
  EXPECT_EQ(idle.get("/hello").status, 200);
  slow_begun_.wait();
  server_->stop();  // or this test is ended by its time limit
  EXPECT_EQ(client.receive().body, "woken");
  EXPECT_TRUE(idle.is_closed());
  server_->stop();
}

TEST_F(ServerTest, LeavesASlowRequestWhoseClientHasHungUp) {
  start();
  {
    const Client client(port_);
    client.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
    slow_begun_.wait();
  }
  while (woken_ == 0) std::this_thread::sleep_for(5ms);
}

TEST_F(ServerTest, BoundsTheConnectionsOfOnePeer) {
  start({.connections_per_peer = 2});
  Client first(port_);
  Client second(port_);
  EXPECT_EQ(first.get("/hello").status, 200);
  EXPECT_EQ(second.get("/hello").status, 200);
  EXPECT_TRUE(Client(port_).is_closed());
  EXPECT_EQ(first.get("/hello").status, 200);
  EXPECT_EQ(server_->counts().refused_connections, 1U);
}

TEST_F(ServerTest, FurtherConnectionsWaitForAPlace) {
  start({.connections = 2, .request_timeout = 300ms});
  Client first(port_);
  Client second(port_);
  Client third(port_);
  third.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(third.receive().status, 200);  // once the silent two were dropped
}

TEST_F(ServerTest, NobodyStaysWhenHalfOfThePlacesAreTaken) {
  start({.connections = 3});
  Client first(port_);
  EXPECT_TRUE(first.get("/hello").has("Connection: keep-alive"));
  EXPECT_TRUE(test::get(port_, "/hello").has("Connection: close"));
}

TEST_F(ServerTest, RefusesWhatAForeignPageMaySend) {
  start();
  Client rebound(port_);
  rebound.send("GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_EQ(rebound.receive().status, 403);
  Client posted(port_);
  posted.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n");
  EXPECT_EQ(posted.receive().status, 403);
  EXPECT_EQ(server_->counts().foreign_origin, 2U);
}

TEST_F(ServerTest, LeaksNoDescriptorsInAThousandConnections) {
  start();
  EXPECT_EQ(test::get(port_, "/hello").status, 200);
  const auto before = open_descriptors();
  for (int i = 0; i < 1000; ++i)
    ASSERT_EQ(test::get(port_, i % 2 == 0 ? "/hello" : "/none").status, i % 2 == 0 ? 200 : 404);
  // The last connections may not have come to their end yet.
  while (open_descriptors() > before) std::this_thread::sleep_for(5ms);
}

TEST(Server, ListensOnSeveralAddressesAndTakesSocketsOver) {
  auto passed = listen_on("127.0.0.1:0");
  ASSERT_TRUE(passed);
  const auto port = passed->port;
  ServerOptions options;
  options.listeners.push_back(std::move(*passed));
  options.addresses = {"127.0.0.1:0", "127.0.0.2:0"};
  options.routes = {
      {"GET", "/", [](const Request& request) { return Response{.body = request.peer}; }}};
  const auto server = Server::start(std::move(options));
  ASSERT_TRUE(server) << server.error().context;
  ASSERT_EQ(server->endpoints().size(), 3U);
  EXPECT_EQ(test::get(port, "/").body, "127.0.0.1");
  EXPECT_TRUE(server->unprotected().empty());
}

TEST(Server, NamesAddressesThatAnybodyReaches) {
  ServerOptions options;
  options.addresses = {"127.0.0.1:0", "0.0.0.0:0"};
  const auto server = Server::start(std::move(options));
  ASSERT_TRUE(server) << server.error().context;
  ASSERT_EQ(server->unprotected().size(), 1U);
  EXPECT_TRUE(server->unprotected().front().starts_with("0.0.0.0:"));
}

TEST(Server, DoesNotStartWithAWrongAddressRouteOrConfiguration) {
  EXPECT_FALSE(Server::start({}));
  ServerOptions address;
  address.addresses = {"nonsense"};
  EXPECT_FALSE(Server::start(std::move(address)));
  ServerOptions config;
  config.addresses = {"127.0.0.1:0"};
  config.web_config_file = "/nonexistent/web.yml";
  const auto started = Server::start(std::move(config));
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().context, testing::HasSubstr("/nonexistent/web.yml"));
}

}  // namespace
}  // namespace gomapd::http
