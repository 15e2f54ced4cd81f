// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "probes/base/bytes.h"

namespace gomapd::elf {

// The RELATIVE relocations of a position-independent file: "the word at
// `address` becomes load bias + addend". Only these matter for a program's own
// tables. Linkers put them first and sorted (-z combreloc), so that they are
// searched in place; the unsorted rest is copied and sorted once.
// Borrows the table's bytes.
class Relocations {
 public:
  Relocations() = default;
  // `table` holds Elf64_Rela entries, `relative_type` is the machine's
  // R_*_RELATIVE. kUnsupported when too many entries are out of order.
  [[nodiscard]] static Result<Relocations> parse(Bytes table, std::uint32_t relative_type);

  // The addend for the word at `address`, if that word is relocated.
  [[nodiscard]] std::optional<std::uint64_t> addend_at(std::uint64_t address) const;
  // Appends the addresses of words that become `target`, up to `limit` in all.
  void find_targets(std::uint64_t target, std::size_t limit,
                    std::vector<std::uint64_t>& addresses) const;

 private:
  struct Entry {
    std::uint64_t address;
    std::uint64_t addend;
  };

  [[nodiscard]] Entry sorted_entry(std::uint64_t index) const;

  Bytes sorted_;             // the table's sorted beginning
  std::vector<Entry> rest_;  // what follows it, sorted by address
};

}  // namespace gomapd::elf
