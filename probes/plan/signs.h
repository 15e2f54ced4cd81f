// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "probes/code/values.h"
#include "probes/plan/plan.h"

namespace gomapd {

// Arguments in order: src/cmd/compile/abi-internal.md.
inline constexpr auto kFirst = code::Register::kRax;
inline constexpr auto kSecond = code::Register::kRbx;
inline constexpr auto kThird = code::Register::kRcx;
inline constexpr auto kFourth = code::Register::kRdi;

inline constexpr std::string_view kReset = "internal/runtime/maps.(*table).reset";
inline constexpr std::string_view kNewTable = "internal/runtime/maps.newTable";

// What can be seen of a fact in one function.
enum class Sign : std::uint8_t {
  kAccesses,      // bytes at argument + displacement
  kWrites,        // them
  kStores,        // the constant `number` there
  kDoubles,       // compares twice the field with `number`, branches when above
  kCompares,      // anything with `number`
  kHashes,        // calls through the field of its second argument, seed in rbx
  kPrints,        // the first number printed is the field
  kMakesTableOf,  // a table of `number` slots for the type in the argument
};

enum class Of : std::uint8_t { kSwissMaps, kGoroutines };

// A fact shows where the first of its functions that is in the binary, as itself
// and not as copies in the next ones, bears the sign.
struct Fact {
  Of of;
  int since;  // Go 1.N, the first whose code bears the sign
  std::string_view what;
  Sign sign;
  code::Register argument;
  std::int64_t displacement;
  std::uint32_t bytes;
  std::int64_t number;
  std::array<std::string_view, 4> functions;  // empty ones at the end
};

// The functions of the runtime that facts are about, and what they do with their
// arguments. Borrows the binary.
class RuntimeCode {
 public:
  RuntimeCode(const GoBinary& binary, const std::set<std::string_view>& functions);

  // Null for a function that is not in the binary or can't be followed.
  [[nodiscard]] const code::Uses* uses(std::string_view function) const;
  [[nodiscard]] std::optional<elf::Vaddr> entry(std::string_view function) const;
  // The function that begins at `target`, else empty.
  [[nodiscard]] std::string_view name_at(elf::Vaddr target) const;

 private:
  [[nodiscard]] std::optional<code::Uses> uses_of(const go::Function& function) const;

  const GoBinary* binary_;
  std::map<std::string_view, go::Function> functions_;
  std::map<std::string_view, code::Uses> uses_;
};

// Whether a function that does `uses` bears the sign of `fact`; nothing where the
// compiler left no place for it.
[[nodiscard]] std::optional<bool> shows(const RuntimeCode& runtime, const code::Uses& uses,
                                        const Fact& fact);

}  // namespace gomapd
