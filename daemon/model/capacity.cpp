// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/capacity.h"

#include <algorithm>
#include <bit>

#include "daemon/model/classic.h"
#include "daemon/model/splits.h"
#include "daemon/model/swiss.h"

namespace gomapd::model {
namespace {

constexpr auto kSmallLevel = static_cast<unsigned>(std::countr_zero(swiss::kSlotsPerGroup));
constexpr auto kFullTableLevel = static_cast<unsigned>(std::countr_zero(swiss::kMaxTableSlots));

std::uint64_t slots_of(unsigned level) {
  return std::uint64_t{1} << std::min(level, Capacity::kHighest);
}

}  // namespace

unsigned Capacity::lowest() const {
  return design == go::Design::kClassic ? 0 : kSmallLevel;
}

std::uint64_t Capacity::most_keys(unsigned level) const {
  if (design == go::Design::kClassic) return classic::most_keys(level, shape.version);
  if (level <= kSmallLevel) return swiss::kSlotsPerGroup;
  if (level <= kFullTableLevel) return swiss::max_growth_left(slots_of(level));
  return expected_first_full(slots_of(level) / swiss::kMaxTableSlots,
                             swiss::max_growth_left(swiss::kMaxTableSlots));
}

bool Capacity::is_estimate(unsigned level) const {
  return design == go::Design::kSwiss && level > kFullTableLevel;
}

std::uint64_t Capacity::bytes(unsigned level) const {
  if (design == go::Design::kClassic) return bucket_array_bytes(level, shape);
  if (level <= kSmallLevel) return swiss::small_map_bytes(shape);
  if (level <= kFullTableLevel) return table_bytes(slots_of(level), shape);
  return bytes_of_tables(slots_of(level) / swiss::kMaxTableSlots);
}

std::uint64_t Capacity::bytes_of_tables(std::uint64_t tables) const {
  return tables * table_bytes(swiss::kMaxTableSlots, shape);
}

std::uint64_t Capacity::least_hint(unsigned level) const {
  if (level <= lowest()) return 0;
  if (!is_estimate(level)) return most_keys(level - 1) + 1;
  // Below this, so many tables have half the slots each: they are as full as
  // those of the level below, and grow as soon. See swiss::directory_for_hint.
  const auto tables = slots_of(level) / swiss::kMaxTableSlots;
  auto hint = (slots_of(level - 1) + tables) * swiss::kMaxAverageLoad / swiss::kSlotsPerGroup;
  while (swiss::directory_for_hint(hint, shape).table_slots != swiss::kMaxTableSlots ||
         swiss::directory_for_hint(hint, shape).tables < tables) {
    if (hint > most_keys(level)) break;  // no address space holds it
    ++hint;
  }
  return hint;
}

}  // namespace gomapd::model
