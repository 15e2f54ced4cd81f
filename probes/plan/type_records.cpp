// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/plan/type_records.h"

#include <fmt/core.h>

#include <algorithm>

#include "probes/go/type_name.h"

namespace gomapd {
namespace {

using elf::Vaddr;

constexpr std::uint64_t kWord = 8;
constexpr std::uint64_t kRecordBytes = 48;
constexpr std::uint64_t kUnitType = 64;
// Enough to know a layout; kubectl has some thousands.
constexpr std::size_t kMaxRecords = 1024;

// go1.24 to go1.27 internal/abi/type.go: type Type. A map is one pointer, all
// of it seen by the garbage collector, and aligned as one.
bool looks_like_map_type(Bytes record) {
  const ByteReader reader(record, "type");
  const auto is = [&](std::uint64_t offset, auto expected) {
    const auto value = reader.load<decltype(expected)>(offset);
    return value && *value == expected;
  };
  constexpr std::uint8_t kKindBits = 0x1f;
  constexpr std::uint8_t kMapKind = 21;
  const auto kind = reader.load<std::uint8_t>(23);
  return is(0, kWord) && is(8, kWord) && is(21, std::uint8_t{8}) && is(22, std::uint8_t{8}) &&
         kind && (*kind & kKindBits) == kMapKind;
}

}  // namespace

Result<void> check_type_records(const GoBinary& binary, Proof proof) {
  const auto& data = binary.pclntab.moduledata();
  const auto types = TRY(binary.image.at(data.types, data.etypes - data.types));
  const auto read = [&](Vaddr at, std::span<std::byte> out, go::Content content) {
    return binary.read_file(at, out, content);
  };
  std::size_t seen = 0;
  // Descriptors are aligned to a word in memory, wherever `types` itself lies.
  const auto first = (kWord - data.types % kWord) % kWord;
  for (auto i = first; i + kRecordBytes <= types.size() && seen < kMaxRecords; i += kWord) {
    if (!looks_like_map_type(types.subspan(i, kRecordBytes))) continue;
    const auto address = data.types + i;
    if (!go::type_name(read, data, binary.type_layout(), address).starts_with("map[")) continue;
    ++seen;
    const auto type = binary.map_type(address);
    if (!type)
      return fail(Errc::kUnsupported, fmt::format("the record of a map type at {:#x}: {}", address,
                                                  type.error().context));
    const auto unit = TRY(go::load_pointer(read, address + kUnitType));
    const auto size = TRY(go::read_type_record(read, unit)).size;
    if (size != type->unit_bytes)
      return fail(Errc::kUnsupported,
                  fmt::format("the record of {}: its groups have {} bytes by one account, {} by "
                              "another",
                              type->name, type->unit_bytes, size));
  }
  if (seen == 0 && proof == Proof::kEverythingShows)
    return fail(Errc::kUnsupported, "the layout of map types: no record of one was found");
  return {};
}

}  // namespace gomapd
