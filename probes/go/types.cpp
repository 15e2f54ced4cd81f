// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/go/types.h"

#include <fmt/core.h>

#include <algorithm>

#include "probes/go/type_name.h"

namespace gomapd::go {
namespace {

constexpr std::uint64_t kSlots = 8;  // of a bucket and of a group
constexpr std::uint64_t kControlBytes = 8;
constexpr std::uint64_t kMaxSlot = 128;  // bigger keys and elements go by pointer
constexpr std::uint64_t kKeyType = 48;
constexpr std::uint64_t kElemType = 56;
constexpr std::uint64_t kUnitType = 64;  // bucket or group

std::unexpected<Error> impossible(std::string_view what) {
  return fail(Errc::kMalformed, fmt::format("map type: impossible {}", what));
}

// go1.15 src/runtime/type.go: type maptype; go1.21 src/internal/abi/type.go:
// type MapType; go1.24 src/internal/abi/map_noswiss.go: type OldMapType
Result<void> read_classic(const ReadMemory& read, Vaddr address, GoMapType& type) {
  type.key_slot_bytes = TRY(load_from<std::uint8_t>(read, address + 80));
  type.elem_slot_bytes = TRY(load_from<std::uint8_t>(read, address + 81));
  type.unit_bytes = TRY(load_from<std::uint16_t>(read, address + 82));
  if (type.key_slot_bytes > kMaxSlot || type.elem_slot_bytes > kMaxSlot)
    return impossible("slot size");
  // Eight hash bytes, keys, elements, the overflow pointer.
  const auto least = kControlBytes + kSlots * (type.key_slot_bytes + type.elem_slot_bytes) + 8;
  if (type.unit_bytes < least || type.unit_bytes > least + 8 || type.unit_bytes % 8 != 0)
    return impossible("bucket size");
  return {};
}

// Where a group keeps the slots' parts, counted from the group's start.
struct SlotPlaces {
  std::uint64_t keys = 0;
  std::uint64_t key_stride = 0;
  std::uint64_t elems = 0;
  std::uint64_t elem_stride = 0;
  std::uint32_t flags = 0;
};

// go1.24 src/internal/abi/map_swiss.go: type SwissMapType; go1.26, go1.27
// src/internal/abi/map.go: type MapType
Result<SlotPlaces> read_places(const ReadMemory& read, const TypeLayout& layout, Vaddr address) {
  SlotPlaces places;
  if (layout.swiss_group_layout_27) {
    places.keys = TRY(load_from<std::uint64_t>(read, address + 88));
    places.key_stride = TRY(load_from<std::uint64_t>(read, address + 96));
    places.elems = TRY(load_from<std::uint64_t>(read, address + 104));
    places.elem_stride = TRY(load_from<std::uint64_t>(read, address + 112));
    places.flags = TRY(load_from<std::uint32_t>(read, address + 128));
    return places;
  }
  places.keys = kControlBytes;
  places.key_stride = TRY(load_from<std::uint64_t>(read, address + 88));
  places.elem_stride = places.key_stride;
  const auto elem_offset = TRY(load_from<std::uint64_t>(read, address + 96));
  if (elem_offset > 2 * kMaxSlot) return impossible("element offset");
  places.elems = kControlBytes + elem_offset;
  places.flags = TRY(load_from<std::uint32_t>(read, address + 104));
  return places;
}

Result<std::uint64_t> read_slot_bytes(const ReadMemory& read, Vaddr pointer, bool is_indirect) {
  const auto part = TRY(load_pointer(read, pointer));
  const auto size = TRY(read_type_record(read, part)).size;
  if (is_indirect) return sizeof(Vaddr);
  if (size > kMaxSlot) return impossible("slot size");
  return size;
}

Result<void> read_swiss(const ReadMemory& read, const TypeLayout& layout, Vaddr address,
                        GoMapType& type) {
  constexpr std::uint32_t kIndirectKey = 4;
  constexpr std::uint32_t kIndirectElem = 8;
  type.unit_bytes = TRY(load_from<std::uint64_t>(read, address + 80));
  const auto places = TRY(read_places(read, layout, address));
  type.key_slot_bytes =
      TRY(read_slot_bytes(read, address + kKeyType, (places.flags & kIndirectKey) != 0));
  type.elem_slot_bytes =
      TRY(read_slot_bytes(read, address + kElemType, (places.flags & kIndirectElem) != 0));

  constexpr auto kMaxStride = 2 * kMaxSlot + 8;
  constexpr auto kMaxGroup = kControlBytes + kSlots * kMaxStride;
  if (type.unit_bytes > kMaxGroup || type.unit_bytes % 8 != 0) return impossible("group size");
  if (places.keys < kControlBytes || places.keys > kMaxGroup || places.elems < kControlBytes ||
      places.elems > kMaxGroup || places.key_stride > kMaxStride ||
      places.elem_stride > kMaxStride || places.key_stride < type.key_slot_bytes ||
      places.elem_stride < type.elem_slot_bytes)
    return impossible("slot places");
  const auto end_of = [](std::uint64_t first, std::uint64_t stride, std::uint64_t size) {
    return first + (kSlots - 1) * stride + size;
  };
  const auto keys_end = end_of(places.keys, places.key_stride, type.key_slot_bytes);
  const auto elems_end = end_of(places.elems, places.elem_stride, type.elem_slot_bytes);
  const auto end = std::max(keys_end, elems_end);
  // The last slot's padding, and a byte's worth of it after an empty element.
  if (type.unit_bytes < end || type.unit_bytes - end > 16) return impossible("group size");
  return {};
}

}  // namespace

Result<GoMapType> read_map_type(const ReadMemory& read, const Moduledata& moduledata,
                                const TypeLayout& layout, Vaddr address) {
  const auto record = TRY(read_type_record(read, address));
  if (record.kind != kKindGoMap)
    return fail(Errc::kMalformed,
                fmt::format("map type: kind {} at {:#x} is no map", record.kind, address));
  GoMapType type;
  type.design = layout.design;
  if (layout.design == Design::kClassic) {
    TRY_VOID(read_classic(read, address, type));
  } else {
    TRY_VOID(read_swiss(read, layout, address, type));
  }
  // go1.15 to go1.27: _type.ptrdata of the bucket or group
  if (const auto unit = load_pointer(read, address + kUnitType))
    if (const auto pointer_bytes = load_from<std::uint64_t>(read, *unit + 8))
      type.has_pointers = *pointer_bytes != 0;
  type.name = type_name(read, moduledata, layout, address);
  return type;
}

}  // namespace gomapd::go
