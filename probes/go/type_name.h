// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "probes/go/types.h"

namespace gomapd::go {

// runtime's type descriptor as far as gomapd reads it; the same in all
// releases. go1.15 src/runtime/type.go: _type, go1.27 src/internal/abi/type.go
struct TypeRecord {
  static constexpr std::uint64_t kSize = 48;

  std::uint64_t size = 0;
  std::uint8_t flags = 0;
  std::uint8_t kind = 0;  // the flags that shared its byte up to Go 1.25 are off
  std::int32_t name_offset = 0;
};

// reflect.Kind.
enum TypeKind : std::uint8_t {
  kKindArray = 17,
  kKindChan = 18,
  kKindInterface = 20,
  kKindGoMap = 21,
  kKindPointer = 22,
  kKindSlice = 23,
  kKindLast = 26,
};

// Loads a T from the program's memory.
template <typename T>
[[nodiscard]] Result<T> load_from(const ReadMemory& read, Vaddr address) {
  std::array<std::byte, sizeof(T)> bytes{};
  if (!read(address, bytes, Content::kData)) return fail(Errc::kMalformed, "type: can't be read");
  return std::bit_cast<T>(bytes);
}

// Loads a pointer from the program's memory.
[[nodiscard]] inline Result<Vaddr> load_pointer(const ReadMemory& read, Vaddr address) {
  std::array<std::byte, sizeof(Vaddr)> bytes{};
  if (!read(address, bytes, Content::kPointer))
    return fail(Errc::kMalformed, "type: can't be read");
  return std::bit_cast<Vaddr>(bytes);
}

[[nodiscard]] Result<TypeRecord> read_type_record(const ReadMemory& read, Vaddr address);

// The name of the type at `address`, cut after 4096 bytes. Never empty: types
// that reflect made and that have no name in the file are spelled from their
// parts, and what can't be read is "?".
[[nodiscard]] std::string type_name(const ReadMemory& read, const Moduledata& moduledata,
                                    const TypeLayout& layout, Vaddr address);

}  // namespace gomapd::go
