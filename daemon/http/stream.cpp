// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/http/stream.h"

#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace gomapd::http {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kGraceOfStop{1};
// Go's net/http has the same half second (rstAvoidanceDelay).
constexpr std::chrono::milliseconds kGraceOfFinish{500};
constexpr std::size_t kMaxUnread = std::size_t{64} << 10;

int milliseconds_until(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

}  // namespace

Stream::Stream(Socket socket, SslSession session, int stop)
    : socket_(std::move(socket)), session_(std::move(session)), stop_(stop) {}

Io Stream::wait(short events, Deadline deadline, Stop stop) {
  std::array<pollfd, 2> fds{pollfd{socket_.get(), events, 0}, pollfd{stop_, POLLIN, 0}};
  const nfds_t count = stop == Stop::kHeeded ? 2 : 1;
  while (true) {
    const int ready = poll(fds.data(), count, milliseconds_until(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return Io::kBroken;
    if (count == 2 && fds[1].revents != 0) return Io::kStopped;
    if (ready > 0) return Io::kDone;
    if (steady_clock::now() >= deadline) return Io::kTimeout;
  }
}

Io Stream::wait_for_tls(int result, Deadline deadline, Stop stop) {
  switch (SSL_get_error(session_.get(), result)) {
    case SSL_ERROR_WANT_READ: return wait(POLLIN, deadline, stop);
    case SSL_ERROR_WANT_WRITE: return wait(POLLOUT, deadline, stop);
    case SSL_ERROR_ZERO_RETURN: return Io::kEnd;
    default: break;
  }
  was_plain_http_ = ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_HTTP_REQUEST;
  ERR_clear_error();
  SSL_set_quiet_shutdown(session_.get(), 1);  // nothing more may be sent after such an error
  return Io::kBroken;
}

Io Stream::handshake(Deadline deadline) {
  if (!session_) return Io::kDone;
  while (true) {
    ERR_clear_error();
    const int result = SSL_do_handshake(session_.get());
    if (result == 1) return Io::kDone;
    const auto waited = wait_for_tls(result, deadline, Stop::kHeeded);
    if (waited == Io::kDone) continue;
    if (was_plain_http_) session_.reset();
    return waited;
  }
}

Io Stream::read(std::string& into, std::size_t most, Deadline deadline) {
  const auto before = into.size();
  into.resize(before + most);
  std::size_t got = 0;
  auto status = Io::kDone;
  while (status == Io::kDone && got == 0) {
    if (session_) {
      ERR_clear_error();
      const int result = SSL_read_ex(session_.get(), into.data() + before, most, &got);
      if (result != 1) status = wait_for_tls(result, deadline, Stop::kHeeded);
      continue;
    }
    const auto received = recv(socket_.get(), into.data() + before, most, MSG_DONTWAIT);
    if (received > 0) got = static_cast<std::size_t>(received);
    if (received == 0) status = Io::kEnd;
    if (received >= 0 || errno == EINTR) continue;
    status = errno == EAGAIN ? wait(POLLIN, deadline, Stop::kHeeded) : Io::kBroken;
  }
  into.resize(before + got);
  return status;
}

Io Stream::write_some(std::string_view& bytes, Deadline deadline, Stop stop) {
  if (session_) {
    ERR_clear_error();
    std::size_t sent = 0;
    const int result = SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &sent);
    bytes.remove_prefix(sent);
    return result == 1 ? Io::kDone : wait_for_tls(result, deadline, stop);
  }
  const auto sent = send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno == EAGAIN) return wait(POLLOUT, deadline, stop);
  if (sent < 0 && errno != EINTR) return Io::kBroken;
  bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  return Io::kDone;
}

Io Stream::write(std::string_view bytes, Deadline deadline) {
  auto stop = Stop::kHeeded;
  while (!bytes.empty()) {
    const auto status = write_some(bytes, deadline, stop);
    if (status == Io::kStopped && stop == Stop::kHeeded) {
      stop = Stop::kIgnored;
      deadline = std::min(deadline, steady_clock::now() + kGraceOfStop);
    } else if (status != Io::kDone) {
      return status;
    }
  }
  return Io::kDone;
}

bool Stream::sleep(std::chrono::milliseconds time) {
  return wait(POLLRDHUP, steady_clock::now() + time, Stop::kHeeded) == Io::kTimeout;
}

void Stream::finish() {
  if (session_) {
    ERR_clear_error();
    SSL_shutdown(session_.get());
    ERR_clear_error();
    session_.reset();
  }
  if (shutdown(socket_.get(), SHUT_WR) != 0) return;
  const auto deadline = steady_clock::now() + kGraceOfFinish;
  std::string unread;
  while (unread.size() < kMaxUnread && read(unread, 4096, deadline) == Io::kDone) {
  }
}

}  // namespace gomapd::http
