// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

#include "daemon/model/growth.h"

namespace gomapd::model {

// How much a map takes before it grows, as one number that each doubling raises
// by one: its level. Classic: B. Swiss: log2 of the slots of all tables, 3 for a
// small map; a map of 3 tables of 1,024 slots is on its way from 11 to 12.
//
// A map made with a hint begins at some level, and never does the growths that
// begin below it: what a hint saves can so be said growth by growth.
struct Capacity {
  go::Design design = go::Design::kClassic;
  SlotShape shape;

  static constexpr unsigned kHighest = 48;

  // Of a map without a hint.
  [[nodiscard]] unsigned lowest() const;
  // The most keys that a map of that level takes without growing, by inserts
  // alone; of several Swiss tables: with which the first is expected to be full.
  [[nodiscard]] std::uint64_t most_keys(unsigned level) const;
  // Whether most_keys() is an expectation.
  [[nodiscard]] bool is_estimate(unsigned level) const;
  // Bytes of the array, or of all tables, of that level; 0 unknown.
  [[nodiscard]] std::uint64_t bytes(unsigned level) const;
  // Of a Swiss map of so many full tables.
  [[nodiscard]] std::uint64_t bytes_of_tables(std::uint64_t tables) const;
  // The least keys for which a hint makes a map of that level: any hint from here
  // to most_keys() makes the same.
  [[nodiscard]] std::uint64_t least_hint(unsigned level) const;
};

}  // namespace gomapd::model
