// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/recording/byte_output.h"
#include "probes/base/bytes.h"

namespace gomapd::recording {

struct FileHeader {
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
  std::int64_t realtime_offset_ns = 0;  // CLOCK_REALTIME less CLOCK_MONOTONIC
  bool damaged = false;                 // its checksum is wrong
};
void write_file_header(std::int64_t realtime_offset_ns, ByteOutput& output);
[[nodiscard]] bool begins_as_recording(Bytes file);
// kSystem when the bytes are no recording, or of a version that can't be read.
[[nodiscard]] Result<FileHeader> read_file_header(Bytes file);

void write_block(std::uint8_t kind, Bytes payload, ByteOutput& output);

// What stands at one place of a file after its header.
struct Block {
  enum class State : std::uint8_t {
    kWhole,
    kDamaged,  // `payload` is what has to be left out
    kCut,      // the file ends before the block does
  };
  State state = State::kWhole;
  std::uint64_t offset = 0;  // of its header in the file
  std::uint8_t kind = 0;     // of whole blocks
  Bytes payload;
};

// Takes a file apart into blocks, in time linear to its size whatever it holds.
// Borrows the bytes.
class BlockReader {
 public:
  explicit BlockReader(Bytes file) : file_(file), next_(kFirst) {}
  // The next block, or nothing at the end.
  [[nodiscard]] std::optional<Block> next();
  [[nodiscard]] std::uint64_t bytes_left() const { return file_.size() - next_; }

 private:
  static constexpr std::size_t kFirst = 32;
  struct Header {
    std::uint8_t kind = 0;
    std::uint64_t length = 0;
    std::uint32_t checksum = 0;
  };
  [[nodiscard]] std::optional<Header> header_at(std::size_t offset) const;
  [[nodiscard]] Block damage();

  Bytes file_;
  std::size_t next_;
};

}  // namespace gomapd::recording
