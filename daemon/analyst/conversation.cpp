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

using std::chrono::milliseconds;

Conversation::Conversation(int socket, Bytes question, milliseconds patience)
    : socket_(socket), patience_(patience), deadline_(Clock::now() + patience) {
  const auto length = static_cast<std::uint32_t>(question.size());
  request_.resize(sizeof(length) + question.size());
  std::memcpy(request_.data(), &length, sizeof(length));
  std::ranges::copy(question, request_.begin() + sizeof(length));
}

bool Conversation::asks(Bytes question) const {
  return std::ranges::equal(Bytes(request_).subspan(sizeof(length_)), question);
}

// As send(2) and recv(2).
ssize_t Conversation::move_some() {
  if (!is_sent())
    return send(socket_, request_.data() + sent_, request_.size() - sent_,
                MSG_DONTWAIT | MSG_NOSIGNAL);
  if (length_got_ < sizeof(length_))
    return recv(socket_, reinterpret_cast<std::byte*>(&length_) + length_got_,
                sizeof(length_) - length_got_, MSG_DONTWAIT);
  return recv(socket_, answer_.data() + got_, answer_.size() - got_, MSG_DONTWAIT);
}

Result<void> Conversation::took_some(std::size_t count) {
  if (!is_sent()) {
    sent_ += count;
    return {};
  }
  if (length_got_ == sizeof(length_)) {
    got_ += count;
    return {};
  }
  length_got_ += count;
  if (length_got_ < sizeof(length_)) return {};
  if (length_ > kMaxReplyBytes)
    return fail(Errc::kReaderFailed, fmt::format("its reader announced {} bytes", length_));
  answer_.resize(length_);
  return {};
}

Result<void> Conversation::wait_until(Clock::time_point end) {
  const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
  pollfd polled{.fd = socket_, .events = is_sent() ? short{POLLIN} : short{POLLOUT}, .revents = 0};
  const int ready = poll(&polled, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  if (ready < 0 && errno != EINTR)
    return fail(Errc::kSystem, fmt::format("poll: {}", errno_text(errno)));
  return {};
}

Result<std::optional<Message>> Conversation::go_on(milliseconds longest) {
  const auto end = std::min(deadline_, Clock::now() + longest);
  while (!is_sent() || !is_answered()) {
    const auto count = move_some();
    if (count > 0) {
      TRY_VOID(took_some(static_cast<std::size_t>(count)));
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
      return fail(Errc::kGone, "its reader ended");
    const auto now = Clock::now();
    if (now >= deadline_)
      return fail(Errc::kReaderFailed,
                  fmt::format("its reader did not answer within {} ms", patience_.count()));
    if (now >= end) return std::nullopt;
    TRY_VOID(wait_until(end));
  }
  return std::move(answer_);
}

}  // namespace gomapd::analyst
