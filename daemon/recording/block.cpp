// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/recording/block.h"

#include <fmt/core.h>

#include <algorithm>

#include "daemon/recording/crc32c.h"
#include "daemon/recording/format.h"

namespace gomapd::recording {
namespace {

// Of the marker's four bytes and what follows up to the header's own checksum.
constexpr std::size_t kCheckedHeaderBytes = kBlockHeaderBytes - sizeof(std::uint32_t);
constexpr std::size_t kCheckedFileHeaderBytes = kFileHeaderBytes - sizeof(std::uint32_t);

}  // namespace

bool begins_as_recording(Bytes file) {
  return file.size() >= kFileHeaderBytes &&
         std::ranges::equal(file.first(kMagic.size()), std::as_bytes(std::span(kMagic)));
}

void write_file_header(std::int64_t realtime_offset_ns, ByteOutput& output) {
  ByteOutput header;
  header.bytes(std::as_bytes(std::span(kMagic)));
  header.fixed(kMajor);
  header.fixed(kMinor);
  header.fixed(std::uint32_t{0});
  header.fixed(realtime_offset_ns);
  header.fixed(std::uint32_t{0});
  header.fixed(crc32c(header.view()));
  output.bytes(header.view());
}

Result<FileHeader> read_file_header(Bytes file) {
  if (!begins_as_recording(file)) return fail(Errc::kSystem, "no recording of gomapd record");
  const ByteReader reader(file, "recording");
  FileHeader header;
  header.major = TRY(reader.load<std::uint16_t>(8));
  header.minor = TRY(reader.load<std::uint16_t>(10));
  header.realtime_offset_ns = TRY(reader.load<std::int64_t>(16));
  const auto checksum = TRY(reader.load<std::uint32_t>(kCheckedFileHeaderBytes));
  header.damaged = checksum != crc32c(file.first(kCheckedFileHeaderBytes));
  // A damaged version says nothing; each block has its own checksum.
  if (!header.damaged && header.major != kMajor)
    return fail(Errc::kSystem,
                fmt::format("a recording of version {}.{}, this gomapd reads {}.x: use the "
                            "gomapd that recorded it",
                            header.major, header.minor, kMajor));
  return header;
}

void write_block(std::uint8_t kind, Bytes payload, ByteOutput& output) {
  ByteOutput header;
  header.fixed(kBlockMarker);
  header.fixed(std::uint32_t{kind});
  header.fixed(static_cast<std::uint32_t>(payload.size()));
  header.fixed(crc32c(payload));
  header.fixed(crc32c(header.view()));
  output.bytes(header.view());
  output.bytes(payload);
}

std::optional<BlockReader::Header> BlockReader::header_at(std::size_t offset) const {
  const ByteReader reader(file_, "recording");
  const auto bytes = reader.sub(offset, kBlockHeaderBytes);
  if (!bytes) return std::nullopt;
  const ByteReader fields(*bytes, "block header");
  const auto field = [&](std::uint64_t at) {
    return fields.load<std::uint32_t>(at).value_or(0);  // all there: see above
  };
  if (field(0) != kBlockMarker || field(16) != crc32c(bytes->first(kCheckedHeaderBytes)))
    return std::nullopt;
  return Header{static_cast<std::uint8_t>(field(4)), field(8), field(12)};
}

std::optional<Block> BlockReader::next() {
  if (next_ >= file_.size()) return std::nullopt;
  const auto header = header_at(next_);
  if (!header) return damage();
  const auto offset = next_;
  const auto rest = file_.subspan(offset + kBlockHeaderBytes);
  if (header->length > rest.size()) {
    next_ = file_.size();
    return Block{Block::State::kCut, offset, header->kind, rest};
  }
  const auto payload = rest.first(static_cast<std::size_t>(header->length));
  next_ = offset + kBlockHeaderBytes + payload.size();
  const bool whole = crc32c(payload) == header->checksum;
  return Block{whole ? Block::State::kWhole : Block::State::kDamaged, offset, header->kind,
               payload};
}

// Goes on at the next header that is one.
Block BlockReader::damage() {
  const auto offset = next_;
  while (++next_ < file_.size())
    if (header_at(next_)) break;
  const auto lost = file_.subspan(offset, next_ - offset);
  // What is left of a header, with nothing after it.
  const bool cut = next_ == file_.size() && lost.size() < kBlockHeaderBytes;
  return Block{cut ? Block::State::kCut : Block::State::kDamaged, offset, 0, lost};
}

}  // namespace gomapd::recording
