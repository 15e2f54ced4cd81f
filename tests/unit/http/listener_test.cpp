// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace gomapd::http {
namespace {

struct Good {
  std::string_view text;
  std::string_view host;
  std::string_view port;
};
class AddressGood : public testing::TestWithParam<Good> {};
TEST_P(AddressGood, IsRead) {
  const auto address = parse_address(GetParam().text);
  ASSERT_TRUE(address) << address.error().context;
  EXPECT_EQ(address->host, GetParam().host);
  EXPECT_EQ(address->port, GetParam().port);
}
INSTANTIATE_TEST_SUITE_P(Table, AddressGood,
                         testing::Values(Good{"127.0.0.1:10435", "127.0.0.1", "10435"},
                                         Good{"[::1]:0", "::1", "0"}, Good{":9090", "", "9090"},
                                         Good{"localhost:65535", "localhost", "65535"}));

class AddressBad : public testing::TestWithParam<std::string_view> {};
TEST_P(AddressBad, IsRefused) {
  const auto address = parse_address(GetParam());
  ASSERT_FALSE(address) << GetParam();
  EXPECT_EQ(address.error().code, Errc::kUsage);
}
INSTANTIATE_TEST_SUITE_P(Table, AddressBad,
                         testing::Values("", "127.0.0.1", ":", "a:", "a:65536", "a:-1", "a:http",
                                         "::1:80", "[::1:80", "[]:80", "http://a:80", "a:80 "));

TEST(Listener, SaysItsRealPortAndWhoReachesIt) {
  const auto local = listen_on("127.0.0.1:0");
  ASSERT_TRUE(local) << local.error().context;
  EXPECT_NE(local->port, 0);
  EXPECT_EQ(local->address, "127.0.0.1:" + std::to_string(local->port));
  EXPECT_TRUE(local->is_loopback);
  const auto everywhere = listen_on(":0");
  ASSERT_TRUE(everywhere) << everywhere.error().context;
  EXPECT_FALSE(everywhere->is_loopback);
}

TEST(Listener, SpeaksIpv6) {
  const auto local = listen_on("[::1]:0");
  if (!local) GTEST_SKIP() << "no IPv6 here: " << local.error().context;
  EXPECT_EQ(local->address, "[::1]:" + std::to_string(local->port));
  EXPECT_TRUE(local->is_loopback);
}

TEST(Listener, SaysWhatIsWrongWithAnAddress) {
  const auto first = listen_on("127.0.0.1:0");
  ASSERT_TRUE(first);
  const auto second = listen_on(first->address);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().context, testing::HasSubstr(first->address));
  EXPECT_THAT(second.error().context, testing::HasSubstr("in use"));
  EXPECT_FALSE(listen_on("192.0.2.1:0"));  // RFC 5737: nobody's
  EXPECT_FALSE(listen_on("no.such.host.invalid:0"));
}

// What systemd does: descriptors from 3 on, told by two variables.
int exit_code_of_a_child_with(int fd, const char* count, bool right_pid) {
  const auto child = fork();
  if (child == 0) {
    const auto pid = std::to_string(getpid() + (right_pid ? 0 : 1));
    if (dup2(fd, 3) != 3) _exit(9);
    setenv("LISTEN_PID", pid.c_str(), 1);
    setenv("LISTEN_FDS", count, 1);
    const auto listeners = inherited_listeners();
    if (!listeners) _exit(1);
    const bool forgotten = getenv("LISTEN_FDS") == nullptr && getenv("LISTEN_PID") == nullptr;
    _exit(!forgotten ? 8 : 10 + static_cast<int>(listeners->size()));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(InheritedListeners, AreTakenFromSystemd) {
  const auto listener = listen_on("127.0.0.1:0");
  ASSERT_TRUE(listener);
  EXPECT_EQ(exit_code_of_a_child_with(listener->socket.get(), "1", true), 11);
  EXPECT_EQ(exit_code_of_a_child_with(listener->socket.get(), "0", true), 10);
  EXPECT_EQ(exit_code_of_a_child_with(listener->socket.get(), "1", false), 10);
  EXPECT_EQ(exit_code_of_a_child_with(listener->socket.get(), "x", true), 10);
  EXPECT_EQ(exit_code_of_a_child_with(listener->socket.get(), "100000", true), 1);
}

TEST(InheritedListeners, MustListen) {
  const Socket quiet(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(exit_code_of_a_child_with(quiet.get(), "1", true), 1);
  const Socket datagrams(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(exit_code_of_a_child_with(datagrams.get(), "1", true), 1);
}

sockaddr_storage v6(std::initializer_list<std::uint8_t> bytes) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  std::copy(bytes.begin(), bytes.end(), &address.sin6_addr.s6_addr[0]);
  sockaddr_storage out{};
  std::memcpy(&out, &address, sizeof(address));
  return out;
}

TEST(Peer, IsGroupedByWhatOneHostHas) {
  const auto peer = peer_of(v6({0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9}));
  EXPECT_EQ(peer.address, "2001:db8:0:1::9");
  EXPECT_EQ(peer.group, "2001:db8:0:1::/64");
  const auto mapped = peer_of(v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3}));
  EXPECT_EQ(mapped.address, "10.1.2.3");
  EXPECT_EQ(mapped.group, "10.1.2.3");
}

}  // namespace
}  // namespace gomapd::http
