// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>

#include "daemon/analyst/wire.h"

namespace gomapd::analyst {

// A reader's exit status when it could not be shut in, and when memory_bytes did not suffice.
inline constexpr int kShutInFailed = 120;
inline constexpr int kOutOfMemory = 121;

// Sends one message and waits for the answer. kGone: the other end is closed. kReaderFailed:
// it took longer than `patience` in all, or announced more than kMaxReplyBytes.
[[nodiscard]] Result<Message> converse(int socket, Bytes request,
                                       std::chrono::milliseconds patience);

}  // namespace gomapd::analyst
