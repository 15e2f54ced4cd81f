// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

#include "daemon/model/size_class.h"
#include "probes/go/types.h"

namespace gomapd::model {

// What the bytes of a growth depend on beyond its kind and old size.
struct SlotShape {
  std::uint64_t unit_bytes = 0;  // of a bucket (classic) or group (Swiss); 0 unknown
  Scan scan = Scan::kPointers;
  go::Version version;
};

// A Go type as far as its place in a map depends on it.
struct ValueType {
  std::uint64_t size = 8;
  std::uint64_t align = 8;  // 1, 2, 4 or 8
  bool has_pointers = false;

  // Above this, a slot holds a pointer to it.
  static constexpr std::uint64_t kMaxInlineBytes = 128;
  [[nodiscard]] bool is_indirect() const { return size > kMaxInlineBytes; }
};

// The alignment that most types of `size` bytes have.
[[nodiscard]] std::uint64_t natural_align(std::uint64_t size);

// Where a Swiss group keeps its keys: each beside its element, or (Go 1.27 with
// GOEXPERIMENT=mapsplitgroup) all keys before all elements.
enum class GroupLayout : std::uint8_t { kInterleaved, kSplit };

// go1.15 to go1.25 cmd/compile/internal/reflectdata: MapBucketType (before 1.18
// cmd/compile/internal/gc/reflect.go: bmap); reflect/type.go: bucketOf
[[nodiscard]] SlotShape bucket_shape(const ValueType& key, const ValueType& elem,
                                     go::Version version);

// go1.24 to go1.27 cmd/compile/internal/reflectdata: MapGroupType;
// reflect/map.go: groupOf
[[nodiscard]] SlotShape group_shape(const ValueType& key, const ValueType& elem,
                                    go::Version version,
                                    GroupLayout layout = GroupLayout::kInterleaved);

}  // namespace gomapd::model
