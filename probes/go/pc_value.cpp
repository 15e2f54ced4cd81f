// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/go/pc_value.h"

namespace gomapd::go {
namespace {

// A function of so many ranges would be megabytes of code. With the depth of
// inlining this bounds what one lookup in a hostile table can cost.
constexpr std::uint32_t kMaxSteps = 1U << 18U;

}  // namespace

bool PcValues::read_varint(std::uint32_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 32 && position_ < table_.size(); shift += 7) {
    const auto byte = std::to_integer<std::uint32_t>(table_[position_++]);
    value |= (byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) return true;
  }
  return false;
}

bool PcValues::next() {
  if (steps_++ == kMaxSteps) return false;
  std::uint32_t zigzag = 0;
  std::uint32_t pc_delta = 0;
  if (!read_varint(zigzag) || (zigzag == 0 && end_ != 0)) return false;
  // A range is never empty: a value changes only at a real instruction.
  // go1.27 src/cmd/internal/obj/pcln.go: funcpctab.
  if (!read_varint(pc_delta) || pc_delta == 0) return false;
  const auto delta = (zigzag >> 1U) ^ (0U - (zigzag & 1U));
  value_ = static_cast<std::int32_t>(static_cast<std::uint32_t>(value_) + delta);
  begin_ = end_;
  end_ += std::uint64_t{pc_delta} * quantum_;
  return true;
}

std::int32_t pc_value_at(PcValues values, std::uint64_t offset) {
  while (values.next())
    if (offset < values.end()) return values.value();
  return -1;
}

}  // namespace gomapd::go
