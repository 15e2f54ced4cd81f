// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/plan/callers.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "probes/code/instruction.h"
#include "probes/plan/catalogue.h"

namespace gomapd {
namespace {

using elf::Vaddr;

constexpr std::uint64_t kCallBytes = 5;  // call rel32, jmp rel32

// More and bigger would be a file made to keep us busy: a real one has some ten
// calls, by functions of at most a few thousand bytes.
constexpr std::size_t kMaxCalls = 64;
constexpr std::uint64_t kMaxCaller = std::uint64_t{1} << 20U;

// go1.24 to go1.27 internal/runtime/maps/{map,table}.go. NewMap makes the
// tables of a map with a hint; the others have their probes, or rehash has.
bool may_call(std::string_view caller, std::string_view callee) {
  if (!callee.ends_with("newTable")) return caller == kRehash;
  constexpr std::array<std::string_view, 4> kMakers = {
      "internal/runtime/maps.NewMap", "internal/runtime/maps.(*Map).growToTable",
      "internal/runtime/maps.(*table).grow", "internal/runtime/maps.(*table).split"};
  return std::ranges::find(kMakers, caller) != kMakers.end();
}

// A call's distance counts from its end: at every place that calls `entry`, distance
// and offset add up to the same.
std::uint32_t sum_at(Bytes text, std::uint64_t offset) {
  std::uint32_t distance = 0;
  std::memcpy(&distance, text.data() + offset + 1, sizeof(distance));
  return distance + static_cast<std::uint32_t>(offset);
}

// A program has a hundred megabytes of code, and hardly any of it calls `entry`: the sums
// of a whole block are compared first, four at a time.
constexpr std::uint64_t kBlock = 64;

bool any_sum_in(const std::byte* block, std::uint32_t offset, std::uint32_t wanted) {
  using Sums [[gnu::vector_size(16)]] = std::uint32_t;
  Sums found{};
  const Sums steps{0, 4, 8, 12};
  for (std::uint32_t i = 0; i < kBlock; i += 16) {
    for (std::uint32_t shift = i; shift < i + 4; ++shift) {
      Sums distances;
      std::memcpy(&distances, block + shift + 1, sizeof(distances));
      found |= static_cast<Sums>(distances + steps + (offset + shift) == wanted);
    }
  }
  return (found[0] | found[1] | found[2] | found[3]) != 0;
}

// Where bytes look like a call of, or a jump to, `entry`.
std::vector<Vaddr> likely_calls(Bytes text, Vaddr start, Vaddr entry) {
  const auto wanted = static_cast<std::uint32_t>(entry - start - kCallBytes);
  std::vector<Vaddr> found;
  const auto end = text.size() < kCallBytes ? 0 : text.size() - kCallBytes + 1;
  for (std::uint64_t block = 0; block < end && found.size() < kMaxCalls; block += kBlock) {
    const auto block_end = std::min(block + kBlock, end);
    if (block_end - block == kBlock &&
        !any_sum_in(text.data() + block, static_cast<std::uint32_t>(block), wanted))
      continue;
    for (auto i = block; i < block_end && found.size() < kMaxCalls; ++i) {
      const bool is_branch = (std::to_integer<unsigned>(text[i]) | 1U) == 0xe9;
      if (is_branch && sum_at(text, i) == wanted) found.push_back(start + i);
    }
  }
  return found;
}

// The bytes may as well be the inside of another instruction.
bool is_call(const GoBinary& binary, const go::Function& caller, Vaddr at, Vaddr entry) {
  const auto size = caller.end - caller.entry;
  const auto body = binary.image.at(caller.entry, size);
  if (!body || size > kMaxCaller) return true;
  const auto instructions = code::decode_function(*body, caller.entry, binary.image.machine());
  if (!instructions) return true;
  return std::ranges::any_of(*instructions, [&](const code::Instruction& instruction) {
    return caller.entry + instruction.offset == at && instruction.target_address == entry;
  });
}

}  // namespace

Result<void> check_callers(const GoBinary& binary, std::optional<Vaddr> entry,
                           std::string_view callee) {
  if (!entry) return {};
  const auto& data = binary.pclntab.moduledata();
  const auto text = TRY(binary.image.at(data.text, data.etext - data.text));
  const auto calls = likely_calls(text, data.text, *entry);
  if (calls.size() == kMaxCalls)
    return fail(Errc::kUnsupported, fmt::format("{} is called from too many places", callee));
  for (const auto at : calls) {
    const auto caller = binary.pclntab.function_at(at);
    if (!caller || caller->entry == *entry) continue;
    // Whoever it was inlined into.
    const auto frames = binary.pclntab.frames_at(at);
    const auto name = frames.empty() ? caller->name : frames.front().function;
    if (!may_call(name, callee) && is_call(binary, *caller, at, *entry))
      return fail(Errc::kUnsupported,
                  fmt::format("{} calls {}: a way to grow that is not known", name, callee));
  }
  return {};
}

}  // namespace gomapd
