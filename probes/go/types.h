// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "probes/go/build_info.h"
#include "probes/go/moduledata.h"

namespace gomapd::go {

enum class Design : std::uint8_t { kClassic, kSwiss };

// What the runtime's type record says of a Go map type.
struct GoMapType {
  std::string name;  // as the runtime prints it, "map[string]*main.node"
  Design design = Design::kClassic;
  // Sizes of what is stored in a slot: 8 where it is stored by pointer.
  std::uint64_t key_slot_bytes = 0;   // 0 where the record does not say (Swiss)
  std::uint64_t elem_slot_bytes = 0;  // 0 where the record does not say (Swiss)
  std::uint64_t unit_bytes = 0;       // classic: bytes of a bucket; Swiss: bytes of a group
  // Whether a bucket or group holds pointers that the garbage collector follows;
  // true as well where that can't be read.
  bool has_pointers = true;
};

// What is read: a pointer is to be given as a file address, the load bias taken
// off, wherever it was read from.
enum class Content : std::uint8_t { kData, kPointer };

// Reads `out.size()` bytes of the program's memory at file address `address`;
// false when they can't be had.
using ReadMemory = std::function<bool(Vaddr address, std::span<std::byte> out, Content content)>;

// How type records are laid out in one binary.
struct TypeLayout {
  Design design = Design::kClassic;
  bool varint_names = true;            // since Go 1.17; two bytes big-endian before
  bool swiss_group_layout_27 = false;  // MapType of Go 1.27 (136 bytes)
};

// Decodes the map type at `address` (a type descriptor of kind map). Types in
// [types, etypes) are named by their own name; types made at run time by
// reflect.MapOf by their key's and element's. kMalformed when the record is no
// map type or its sizes are impossible for `layout.design`.
// Every read goes through `read`, every length is bounded.
[[nodiscard]] Result<GoMapType> read_map_type(const ReadMemory& read, const Moduledata& moduledata,
                                              const TypeLayout& layout, Vaddr address);

}  // namespace gomapd::go
