// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// A message between the daemon and a reader of hostile files; the first byte picks what
// it is taken for. What was understood is understood again when it is sent on.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "daemon/analyst/wire.h"

namespace gomapd::analyst {
namespace {

template <typename T>
void answer(Bytes message) {
  const auto read = decode_answer<T>(message);
  if (!read) return;
  const auto sent = encode(*read);
  const auto again = decode_answer<T>(sent);
  if (!again || encode(*again) != sent) std::abort();
}

void read(unsigned kind, Bytes message) {
  switch (kind % 7) {
    case 0: {
      const auto request = decode_request(message);
      if (!request) return;
      const auto again = decode_request(encode(*request));
      if (!again || !(*again == *request)) std::abort();
      return;
    }
    case 1: return answer<Plan>(message);
    case 2: return answer<bool>(message);
    case 3: return answer<std::string>(message);
    case 4: return answer<go::GoMapType>(message);
    case 5: return answer<Message>(message);
    default: return answer<std::vector<symbol::Frame>>(message);
  }
}

}  // namespace
}  // namespace gomapd::analyst

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size != 0) gomapd::analyst::read(data[0], std::as_bytes(std::span(data, size)).subspan(1));
  return 0;
}
