// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

namespace gomapd::http {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

// sd_listen_fds(3): SD_LISTEN_FDS_START.
constexpr int kFirstInherited = 3;
constexpr int kMaxInherited = 64;

std::optional<int> number(const char* text) {
  if (text == nullptr) return std::nullopt;
  int value = 0;
  const auto* const end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

std::string text_of(int family, const void* address) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(family, address, text, sizeof(text));
  return text;
}

template <typename T>
T as(const sockaddr_storage& address) {
  T out{};
  static_assert(sizeof(T) <= sizeof(address));
  std::memcpy(&out, &address, sizeof(out));
  return out;
}

// The IPv4 address within an IPv6 one: a socket for both hands IPv4 peers out so.
std::optional<in_addr> mapped_v4(const in6_addr& address) {
  if (!IN6_IS_ADDR_V4MAPPED(&address)) return std::nullopt;
  in_addr out{};
  std::memcpy(&out, &address.s6_addr[12], sizeof(out));
  return out;
}

bool is_loopback(in_addr address) {
  return ntohl(address.s_addr) >> 24 == 127;
}

bool is_loopback(const in6_addr& address) {
  if (const auto v4 = mapped_v4(address)) return is_loopback(*v4);
  return IN6_IS_ADDR_LOOPBACK(&address);
}

std::unexpected<Error> socket_error(const std::string& address, const char* what, int error) {
  const auto code = error == EACCES || error == EPERM ? Errc::kPermission : Errc::kSystem;
  return fail(code, fmt::format("{}: {}: {}", address, what, errno_text(error)));
}

Result<AddressList> look_up(const std::string& text, const HostPort& address) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const auto* const host = address.host.empty() ? "::" : address.host.c_str();
  if (const int error = getaddrinfo(host, address.port.c_str(), &hints, &found); error != 0)
    return fail(Errc::kUsage, fmt::format("{}: {}", text, gai_strerror(error)));
  return AddressList(found, &freeaddrinfo);
}

const addrinfo& preferred(const AddressList& list) {
  for (const auto* at = list.get(); at != nullptr; at = at->ai_next)
    if (at->ai_family == AF_INET) return *at;
  return *list;
}

Result<Socket> bind_to(const std::string& text, const addrinfo& address) {
  Socket socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return socket_error(text, "no socket", errno);
  const int yes = 1;
  const int no = 0;
  // A restart must not wait for the connections of the last life to time out.
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  // "::" means IPv4 as well, whatever net.ipv6.bindv6only says: as in Go.
  if (address.ai_family == AF_INET6)
    setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
  if (bind(socket.get(), address.ai_addr, address.ai_addrlen) != 0)
    return socket_error(text, "cannot listen here", errno);
  if (listen(socket.get(), SOMAXCONN) != 0) return socket_error(text, "cannot listen here", errno);
  return socket;
}

Result<int> option(const Socket& socket, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  if (getsockopt(socket.get(), SOL_SOCKET, name, &value, &size) != 0)
    return socket_error(fmt::format("descriptor {}", socket.get()), "no socket", errno);
  return value;
}

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

Result<HostPort> parse_address(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return fail(Errc::kUsage,
                fmt::format("'{}': {}; write HOST:PORT, [IPV6]:PORT or :PORT", text, why));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("no port");
  auto host = text.substr(0, colon);
  const auto port = text.substr(colon + 1);
  std::uint16_t value = 0;
  const auto [stopped, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (error != std::errc() || stopped != port.data() + port.size())
    return wrong("the port is no number up to 65535");
  if (host.starts_with('[') && host.ends_with(']') && host.size() > 2)
    host = host.substr(1, host.size() - 2);
  else if (host.find_first_of("[]:/") != std::string_view::npos)
    return wrong("the host is malformed");
  return HostPort{std::string(host), std::string(port)};
}

Result<Listener> listen_on(const std::string& text) {
  const auto address = TRY(parse_address(text));
  const auto list = TRY(look_up(text, address));
  auto socket = bind_to(text, preferred(list));
  if (!socket && address.host.empty()) {  // a kernel without IPv6
    const auto v4 = TRY(look_up(text, {"0.0.0.0", address.port}));
    socket = bind_to(text, preferred(v4));
  }
  if (!socket) return std::unexpected(std::move(socket).error());
  return adopt(std::move(*socket));
}

Result<Listener> adopt(Socket socket) {
  if (TRY(option(socket, SO_TYPE)) != SOCK_STREAM || TRY(option(socket, SO_ACCEPTCONN)) == 0) {
    return fail(Errc::kUsage, fmt::format("descriptor {} is no listening stream socket (a socket "
                                          "unit needs ListenStream= and Accept=no)",
                                          socket.get()));
  }
  fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
  fcntl(socket.get(), F_SETFL, fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  Listener listener;
  listener.socket = std::move(socket);
  listener.is_loopback = bound.ss_family == AF_UNIX || is_loopback_address(bound);
  if (bound.ss_family == AF_INET) {
    const auto address = as<sockaddr_in>(bound);
    listener.port = ntohs(address.sin_port);
    listener.address = fmt::format("{}:{}", text_of(AF_INET, &address.sin_addr), listener.port);
  } else if (bound.ss_family == AF_INET6) {
    const auto address = as<sockaddr_in6>(bound);
    listener.port = ntohs(address.sin6_port);
    listener.address = fmt::format("[{}]:{}", text_of(AF_INET6, &address.sin6_addr), listener.port);
  } else if (bound.ss_family == AF_UNIX) {
    listener.address = "unix socket";
  } else {
    return fail(Errc::kUsage, "a passed socket is neither TCP nor UNIX");
  }
  return listener;
}

Result<std::vector<Listener>> inherited_listeners() {
  const auto pid = number(std::getenv("LISTEN_PID"));    // NOLINT(concurrency-mt-unsafe)
  const auto count = number(std::getenv("LISTEN_FDS"));  // NOLINT(concurrency-mt-unsafe)
  for (const auto* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
    unsetenv(name);  // NOLINT(concurrency-mt-unsafe): see the header
  std::vector<Listener> listeners;
  if (!count || pid != getpid()) return listeners;
  if (*count < 0 || *count > kMaxInherited)
    return fail(Errc::kUsage, fmt::format("LISTEN_FDS={}: at most {}", *count, kMaxInherited));
  for (int fd = kFirstInherited; fd < kFirstInherited + *count; ++fd)
    listeners.push_back(TRY(adopt(Socket(fd))));
  return listeners;
}

bool is_loopback_address(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) return is_loopback(as<sockaddr_in>(address).sin_addr);
  if (address.ss_family == AF_INET6) return is_loopback(as<sockaddr_in6>(address).sin6_addr);
  return false;
}

Peer peer_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto v4 = as<sockaddr_in>(address).sin_addr;
    const auto text = text_of(AF_INET, &v4);
    return {text, text};
  }
  if (address.ss_family != AF_INET6) return {};
  auto v6 = as<sockaddr_in6>(address).sin6_addr;
  if (const auto v4 = mapped_v4(v6)) {
    const auto text = text_of(AF_INET, &*v4);
    return {text, text};
  }
  auto text = text_of(AF_INET6, &v6);
  std::fill(&v6.s6_addr[8], &v6.s6_addr[16], std::uint8_t{0});
  return {std::move(text), text_of(AF_INET6, &v6) + "/64"};
}

}  // namespace gomapd::http
