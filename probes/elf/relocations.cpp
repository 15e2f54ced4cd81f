// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/elf/relocations.h"

#include <elf.h>

#include <algorithm>

namespace gomapd::elf {
namespace {

// 32 MiB of copied entries. The biggest position-independent Go programs known
// have some 250,000 relocations, and those are in order.
constexpr std::size_t kMaxUnsorted = std::size_t{1} << 21U;

// `index` is below the table's count: parse() has cut the table to whole entries.
Elf64_Rela load_entry(Bytes table, std::uint64_t index) {
  Elf64_Rela entry{};
  std::memcpy(&entry, table.data() + index * sizeof(entry), sizeof(entry));
  return entry;
}

}  // namespace

Result<Relocations> Relocations::parse(Bytes table, std::uint32_t relative_type) {
  const auto count = table.size() / sizeof(Elf64_Rela);
  const auto is_relative = [&](const Elf64_Rela& entry) {
    return ELF64_R_TYPE(entry.r_info) == relative_type;
  };

  Relocations relocations;
  std::size_t index = 0;
  for (std::uint64_t previous = 0; index < count; ++index) {
    const auto entry = load_entry(table, index);
    if (!is_relative(entry) || entry.r_offset < previous) break;
    previous = entry.r_offset;
  }
  relocations.sorted_ = table.first(index * sizeof(Elf64_Rela));

  for (; index < count; ++index) {
    const auto entry = load_entry(table, index);
    if (!is_relative(entry)) continue;
    if (relocations.rest_.size() == kMaxUnsorted)
      return fail(Errc::kUnsupported, "relocations: too many are out of order");
    relocations.rest_.push_back({entry.r_offset, std::bit_cast<std::uint64_t>(entry.r_addend)});
  }
  std::ranges::sort(relocations.rest_, {}, &Entry::address);
  return relocations;
}

Relocations::Entry Relocations::sorted_entry(std::uint64_t index) const {
  const auto entry = load_entry(sorted_, index);
  return {entry.r_offset, std::bit_cast<std::uint64_t>(entry.r_addend)};
}

std::optional<std::uint64_t> Relocations::addend_at(std::uint64_t address) const {
  std::uint64_t low = 0;
  std::uint64_t high = sorted_.size() / sizeof(Elf64_Rela);
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    const auto entry = sorted_entry(middle);
    if (entry.address == address) return entry.addend;
    if (entry.address < address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const auto found = std::ranges::lower_bound(rest_, address, {}, &Entry::address);
  if (found == rest_.end() || found->address != address) return std::nullopt;
  return found->addend;
}

void Relocations::find_targets(std::uint64_t target, std::size_t limit,
                               std::vector<std::uint64_t>& addresses) const {
  const auto count = sorted_.size() / sizeof(Elf64_Rela);
  for (std::uint64_t i = 0; i < count && addresses.size() < limit; ++i) {
    const auto entry = sorted_entry(i);
    if (entry.addend == target) addresses.push_back(entry.address);
  }
  for (const auto& entry : rest_) {
    if (addresses.size() >= limit) return;
    if (entry.addend == target) addresses.push_back(entry.address);
  }
}

}  // namespace gomapd::elf
