// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/go/pclntab.h"

#include <algorithm>

namespace gomapd::go {
namespace {

// Bounds the search for a name's end: a hostile table may let every function
// share one name of many megabytes.
constexpr std::uint64_t kMaxText = 4096;

}  // namespace

Bytes Pclntab::part(std::uint64_t offset, std::uint64_t size) const {
  return image_.at(address_ + offset, size).value_or(Bytes{});
}

std::uint64_t Pclntab::functab_word(std::uint64_t index) const {
  if (layout_ >= PclntabLayout::kGo118) {
    std::uint32_t word = 0;
    std::memcpy(&word, functab_.data() + index * sizeof(word), sizeof(word));
    return word;
  }
  std::uint64_t word = 0;
  std::memcpy(&word, functab_.data() + index * sizeof(word), sizeof(word));
  return word;
}

Vaddr Pclntab::entry_of(std::uint64_t index) const {
  const auto word = functab_word(2 * index);
  if (layout_ >= PclntabLayout::kGo118) return text_start_ + word;
  if (!functab_is_relocated_) return word;
  return image_.pointer_at(functab_address_ + 2 * index * sizeof(word)).value_or(0);
}

std::string_view Pclntab::text_at(Bytes table, std::uint64_t offset) const {
  if (offset >= table.size()) return {};
  const auto* text = reinterpret_cast<const char*>(table.data() + offset);
  const auto size = std::min<std::uint64_t>(table.size() - offset, kMaxText);
  const auto* end = std::memchr(text, 0, size);
  return end == nullptr ? std::string_view(text, size)
                        : std::string_view(text, static_cast<const char*>(end));
}

std::uint32_t Pclntab::field(const Record& record, std::uint64_t offset) const {
  const ByteReader records(records_, "pclntab");
  return records.load<std::uint32_t>(record.offset + offset).value_or(0);
}

std::uint8_t Pclntab::func_id(const Record& record) const {
  const ByteReader records(records_, "pclntab");
  return records.load<std::uint8_t>(record.offset + fields_.func_id()).value_or(0);
}

Pclntab::Record Pclntab::record_of(std::uint32_t index) const {
  const auto entry = entry_of(index);
  return {functab_word(2ULL * index + 1), entry_of(index + 1ULL) - entry, entry};
}

Function Pclntab::function(std::uint32_t index) const {
  const auto record = record_of(index);
  return {index, record.entry, record.entry + record.size,
          text_at(names_, field(record, fields_.name))};
}

std::optional<Function> Pclntab::function_at(Vaddr pc) const {
  if (pc < entry_of(0) || pc >= entry_of(function_count_)) return std::nullopt;
  // The last function whose entry is not above pc.
  std::uint32_t low = 0;
  std::uint32_t high = function_count_;
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    if (entry_of(middle) <= pc) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return function(low);
}

void Pclntab::for_each(const std::function<void(const Function&)>& visit) const {
  for (std::uint32_t i = 0; i < function_count_; ++i) visit(function(i));
}

}  // namespace gomapd::go
