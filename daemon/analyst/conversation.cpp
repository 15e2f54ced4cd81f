// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/analyst/conversation.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace gomapd::analyst {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

Result<void> wait_for(int socket, short events, Clock::time_point deadline, milliseconds patience) {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left.count() <= 0)
      return fail(Errc::kReaderFailed,
                  fmt::format("its reader did not answer within {} ms", patience.count()));
    pollfd polled{.fd = socket, .events = events, .revents = 0};
    const int ready = poll(&polled, 1, static_cast<int>(left.count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR)
      return fail(Errc::kSystem, fmt::format("poll: {}", errno_text(errno)));
  }
}

// One end of a transfer: `move` sends or receives what it can without waiting.
template <typename Move>
Result<void> transfer(int socket, short events, std::size_t size, Clock::time_point deadline,
                      milliseconds patience, const Move& move) {
  std::size_t done = 0;
  while (done < size) {
    const auto count = move(done);
    if (count > 0) {
      done += static_cast<std::size_t>(count);
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
      return fail(Errc::kGone, "its reader ended");
    TRY_VOID(wait_for(socket, events, deadline, patience));
  }
  return {};
}

}  // namespace

Result<Message> converse(int socket, Bytes request, milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  const auto send_all = [&](Bytes bytes) {
    return transfer(socket, POLLOUT, bytes.size(), deadline, patience, [&](std::size_t done) {
      return send(socket, bytes.data() + done, bytes.size() - done, MSG_DONTWAIT | MSG_NOSIGNAL);
    });
  };
  const auto receive_all = [&](std::span<std::byte> bytes) {
    return transfer(socket, POLLIN, bytes.size(), deadline, patience, [&](std::size_t done) {
      return recv(socket, bytes.data() + done, bytes.size() - done, MSG_DONTWAIT);
    });
  };
  auto length = static_cast<std::uint32_t>(request.size());
  TRY_VOID(send_all(std::as_bytes(std::span(&length, 1))));
  TRY_VOID(send_all(request));
  TRY_VOID(receive_all(std::as_writable_bytes(std::span(&length, 1))));
  if (length > kMaxReplyBytes)
    return fail(Errc::kReaderFailed, fmt::format("its reader announced {} bytes", length));
  Message answer(length);
  TRY_VOID(receive_all(answer));
  return answer;
}

}  // namespace gomapd::analyst
