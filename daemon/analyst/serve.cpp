// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <new>

#include "daemon/analyst/answers.h"
#include "daemon/analyst/conversation.h"
#include "daemon/analyst/workshop.h"

namespace gomapd::analyst {
namespace {

bool read_all(int fd, std::byte* to, std::size_t size) {
  while (size > 0) {
    const auto count = read(fd, to, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    to += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

bool write_all(int fd, const std::byte* from, std::size_t size) {
  while (size > 0) {
    const auto count = write(fd, from, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    from += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

// Of a shared mapping of a file; whole pages of `bytes` only.
void give_back_pages(Bytes bytes) {
  constexpr std::size_t kPage = 4096;  // or more, which the kernel refuses: no harm
  const auto skipped = -reinterpret_cast<std::uintptr_t>(bytes.data()) % kPage;
  if (bytes.size() < skipped + kPage) return;
  auto* begin = const_cast<std::byte*>(bytes.data()) + skipped;
  madvise(begin, (bytes.size() - skipped) / kPage * kPage, MADV_DONTNEED);
}

void answer_all(int conversation, Bytes file) {
  Answers answers(file, give_back_pages);
  Message request;
  while (true) {
    std::uint32_t length = 0;
    if (!read_all(conversation, reinterpret_cast<std::byte*>(&length), sizeof(length))) return;
    if (length > kMaxRequestBytes) return;
    request.resize(length);
    if (!read_all(conversation, request.data(), length)) return;
    auto answer = answers.to(request);
    if (answer.size() > kMaxReplyBytes)
      answer = encode(Error{Errc::kUnsupported, "there is too much to be told of it"});
    length = static_cast<std::uint32_t>(answer.size());
    if (!write_all(conversation, reinterpret_cast<const std::byte*>(&length), sizeof(length)) ||
        !write_all(conversation, answer.data(), answer.size()))
      return;
  }
}

}  // namespace

void serve(int conversation, Bytes file) {
  try {
    answer_all(conversation, file);
  } catch (const std::bad_alloc&) {
    _exit(kOutOfMemory);
  }
}

}  // namespace gomapd::analyst
