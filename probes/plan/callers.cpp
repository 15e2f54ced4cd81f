// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/plan/callers.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "probes/code/instruction.h"
#include "probes/plan/catalogue.h"

namespace gomapd {
namespace {

using elf::Vaddr;

constexpr std::uint64_t kCallBytes = 5;  // call rel32, jmp rel32

// More and bigger would be a file made to keep us busy: a real one has some ten
// calls of each, by functions of at most a few thousand bytes.
constexpr std::size_t kMaxCalls = 128;
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

// Where in 16 bytes there is the opcode of a call rel32 (e8) or a jmp rel32 (e9): a byte of
// 0xff for each, in two words. A program has a hundred megabytes of code.
constexpr std::uint64_t kBlock = 16;
using Opcodes = std::array<std::uint64_t, 2>;

Opcodes opcodes_in(const std::byte* block) {
  using Block [[gnu::vector_size(kBlock)]] = std::uint8_t;
  Block bytes;
  std::memcpy(&bytes, block, sizeof(bytes));
  const Block found = (bytes | 1U) == 0xe9;
  Opcodes opcodes{};
  std::memcpy(opcodes.data(), &found, sizeof(found));
  return opcodes;
}

struct Call {
  std::size_t callee;  // which
  Vaddr at;
};

// Where bytes look like a call of, or a jump to, one of `callees`; no more than kMaxCalls.
class LikelyCalls {
 public:
  LikelyCalls(std::span<const Callee> callees, Vaddr start) : start_(start) {
    for (const auto& callee : callees)
      wanted_.push_back(static_cast<std::uint32_t>(callee.entry - start - kCallBytes));
  }

  // In `text` from `begin` to `end`, where a distance follows each byte.
  void search(Bytes text, std::uint64_t begin, std::uint64_t end) {
    for (; end - begin >= kBlock; begin += kBlock) {
      const auto opcodes = opcodes_in(text.data() + begin);
      for (std::uint64_t half = 0; half < opcodes.size(); ++half)
        for (auto left = opcodes.at(half); left != 0;) {
          const auto byte = static_cast<unsigned>(std::countr_zero(left)) / 8;
          look(text, begin + 8 * half + byte);
          left &= ~(std::uint64_t{0xff} << (8 * byte));
        }
    }
    for (; begin < end; ++begin)
      if ((std::to_integer<unsigned>(text[begin]) | 1U) == 0xe9) look(text, begin);
  }

  [[nodiscard]] bool is_full() const { return found_.size() >= kMaxCalls; }
  [[nodiscard]] std::span<const Call> found() const { return found_; }

 private:
  void look(Bytes text, std::uint64_t offset) {
    const auto which = std::ranges::find(wanted_, sum_at(text, offset));
    if (which == wanted_.end() || is_full()) return;
    found_.push_back({static_cast<std::size_t>(which - wanted_.begin()), start_ + offset});
  }

  Vaddr start_;
  std::vector<std::uint32_t> wanted_;
  std::vector<Call> found_;
};

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

Result<void> check_callers(const GoBinary& binary, std::span<const Callee> callees) {
  if (callees.empty()) return {};
  const auto& data = binary.pclntab.moduledata();
  const auto text = TRY(binary.image.at(data.text, data.etext - data.text));
  LikelyCalls calls(callees, data.text);
  const auto last = text.size() < kCallBytes ? 0 : text.size() - kCallBytes + 1;
  for (std::uint64_t begin = 0; begin < last; begin += elf::Image::kReadAtATime) {
    const auto end = std::min(begin + elf::Image::kReadAtATime, last);
    calls.search(text, begin, end);
    binary.image.give_back(text.subspan(begin, end - begin));
  }
  if (calls.is_full())
    return fail(Errc::kUnsupported, "its growth functions are called from too many places");
  for (const auto& call : calls.found()) {
    const auto& callee = callees[call.callee];
    const auto caller = binary.pclntab.function_at(call.at);
    if (!caller || caller->entry == callee.entry) continue;
    // Whoever it was inlined into.
    const auto frames = binary.pclntab.frames_at(call.at);
    const auto name = frames.empty() ? caller->name : frames.front().function;
    if (!may_call(name, callee.name) && is_call(binary, *caller, call.at, callee.entry))
      return fail(Errc::kUnsupported,
                  fmt::format("{} calls {}: a way to grow that is not known", name, callee.name));
  }
  return {};
}

}  // namespace gomapd
