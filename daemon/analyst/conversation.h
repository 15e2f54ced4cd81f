// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "daemon/analyst/wire.h"

namespace gomapd::analyst {

// A reader's exit status when it could not be shut in, and when memory_bytes did not suffice.
inline constexpr int kShutInFailed = 120;
inline constexpr int kOutOfMemory = 121;

// One question by a stream socket, and its answer. For one thread.
class Conversation {
 public:
  // Borrows the socket, on which nothing else is said meanwhile. The answer is to be there
  // within `patience` from now.
  Conversation(int socket, Bytes question, std::chrono::milliseconds patience);

  // Goes on, and waits for `longest` at most, 0 for not at all: the answer, or nothing while
  // it is not there. kGone: the other end is closed. kReaderFailed: it took longer than the
  // patience, or announced more than kMaxReplyBytes.
  [[nodiscard]] Result<std::optional<Message>> go_on(std::chrono::milliseconds longest);
  [[nodiscard]] bool asks(Bytes question) const;

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool is_sent() const { return sent_ == request_.size(); }
  [[nodiscard]] bool is_answered() const { return length_got_ == 4 && got_ == answer_.size(); }
  [[nodiscard]] ssize_t move_some();
  Result<void> wait_until(Clock::time_point end);
  Result<void> took_some(std::size_t count);

  int socket_;
  std::chrono::milliseconds patience_;
  Clock::time_point deadline_;
  Message request_;  // its length first
  std::size_t sent_ = 0;
  std::uint32_t length_ = 0;
  std::size_t length_got_ = 0;  // bytes of it
  Message answer_;
  std::size_t got_ = 0;
};

}  // namespace gomapd::analyst
