// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/proc/memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cstring>
#include <string_view>

namespace gomapd::proc {
namespace {

// Two pages, of which only the first may be read.
class ReadMemory : public testing::Test {
 protected:
  ReadMemory()
      : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
        memory_(
            mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    munmap(static_cast<std::byte*>(memory_) + page_, page_);
    std::memcpy(memory_, "hello", 5);
  }
  ~ReadMemory() override { munmap(memory_, page_); }

  [[nodiscard]] std::uint64_t address() const { return std::bit_cast<std::uint64_t>(memory_); }

  std::size_t page_;
  void* memory_;
  std::array<std::byte, 16> buffer_{};
};

TEST_F(ReadMemory, ReadsAProcessesMemory) {
  ASSERT_TRUE(read_memory(getpid(), address(), std::span(buffer_).first(5)));
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(buffer_.data()), 5), "hello");
}

TEST_F(ReadMemory, FailsWhereNothingIsMapped) {
  EXPECT_FALSE(read_memory(getpid(), address() + page_, buffer_));
  EXPECT_FALSE(read_memory(getpid(), 0, buffer_));
  EXPECT_FALSE(read_memory(getpid(), UINT64_MAX - 7, buffer_));
  EXPECT_FALSE(read_memory(getpid(), 0xffff800000000000, buffer_));
}

TEST_F(ReadMemory, FailsWhereOnlyAPartCanBeHad) {
  EXPECT_TRUE(read_memory(getpid(), address() + page_ - buffer_.size(), buffer_));
  EXPECT_FALSE(read_memory(getpid(), address() + page_ - buffer_.size() + 1, buffer_));
}

TEST_F(ReadMemory, FailsWithoutAProcess) {
  EXPECT_FALSE(read_memory(0x7fffffff, address(), buffer_));
}

}  // namespace
}  // namespace gomapd::proc
