// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/slot_shape.h"

#include <algorithm>

namespace gomapd::model {
namespace {

constexpr std::uint64_t kSlots = 8;
constexpr std::uint64_t kWord = 8;

// What a slot holds of it.
ValueType stored(const ValueType& type) {
  return type.is_indirect() ? ValueType{.size = kWord, .align = kWord, .has_pointers = true} : type;
}

std::uint64_t align_up(std::uint64_t size, std::uint64_t align) {
  return (size + align - 1) / align * align;
}

// A struct that does not itself end in nothing, but whose last field does, gets
// a byte more, so that no pointer to that field leaves it.
// go1.27 cmd/compile/internal/types/size.go: CalcStructSize
std::uint64_t struct_bytes(std::uint64_t last_offset, std::uint64_t last_size,
                           std::uint64_t align) {
  const auto size = last_offset + last_size;
  return align_up(size != 0 && last_size == 0 ? size + 1 : size, align);
}

Scan scan_of(const ValueType& key, const ValueType& elem) {
  return key.has_pointers || elem.has_pointers ? Scan::kPointers : Scan::kNoPointers;
}

}  // namespace

std::uint64_t natural_align(std::uint64_t size) {
  if (size == 0) return 1;
  return std::min<std::uint64_t>(size & (~size + 1), kWord);
}

SlotShape bucket_shape(const ValueType& key, const ValueType& elem, go::Version version) {
  const auto k = stored(key);
  const auto e = stored(elem);
  // Eight of anything end at a multiple of eight: nothing is padded.
  const auto bytes = kSlots + kSlots * k.size + kSlots * e.size + kWord;
  return {.unit_bytes = bytes, .scan = scan_of(k, e), .version = version};
}

SlotShape group_shape(const ValueType& key, const ValueType& elem, go::Version version,
                      GroupLayout layout) {
  const auto k = stored(key);
  const auto e = stored(elem);
  std::uint64_t bytes = 0;
  if (layout == GroupLayout::kSplit) {
    bytes = struct_bytes(kWord + kSlots * k.size, kSlots * e.size, kWord);
  } else {
    const auto slot = struct_bytes(align_up(k.size, e.align), e.size, std::max(k.align, e.align));
    bytes = struct_bytes(kWord, kSlots * slot, kWord);
  }
  return {.unit_bytes = bytes, .scan = scan_of(k, e), .version = version};
}

}  // namespace gomapd::model
