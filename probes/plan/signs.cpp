// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/plan/signs.h"

#include <algorithm>

#include "probes/plan/catalogue.h"

namespace gomapd {
namespace {

using code::Register;
using code::Uses;
using code::Value;
using elf::Vaddr;

constexpr std::string_view kNewArray = "internal/runtime/maps.newarray";

bool is_field(const Value& value, Register argument, std::int64_t displacement, std::uint32_t bytes,
              Value::Kind kind = Value::Kind::kField) {
  return value == Value{kind, argument, static_cast<std::uint8_t>(bytes), displacement};
}

bool is_constant(const Value& value, std::int64_t number) {
  return value.kind == Value::Kind::kConstant && value.number == number;
}

const Value& in(const code::Call& call, Register reg) {
  return call.registers[static_cast<std::size_t>(reg)];
}

bool accesses(const Uses& uses, const Fact& fact) {
  return std::ranges::any_of(uses.accesses, [&](const code::Access& access) {
    if (access.argument != fact.argument || access.displacement != fact.displacement ||
        access.bytes != fact.bytes)
      return false;
    if (fact.sign == Sign::kAccesses) return true;
    if (fact.sign == Sign::kWrites) return access.writes;
    return access.writes && is_constant(access.stored, fact.number);
  });
}

bool doubles(const Uses& uses, const Fact& fact) {
  // ja, or jbe for the other way: Intel SDM vol. 2A, Jcc.
  constexpr auto kAbove = static_cast<code::Condition>(7);
  return std::ranges::any_of(uses.comparisons, [&](const code::Comparison& comparison) {
    const auto condition =
        comparison.branch ? comparison.branch->condition : code::Condition::kNone;
    return comparison.limit == fact.number &&
           (condition == kAbove || condition == code::Condition::kBelowOrEqual) &&
           is_field(comparison.value, fact.argument, fact.displacement, fact.bytes,
                    Value::Kind::kTwice);
  });
}

bool hashes(const Uses& uses, const Fact& fact) {
  return std::ranges::any_of(uses.calls, [&](const code::Call& call) {
    // A closure's context is in rdx.
    return !call.direct && is_field(in(call, Register::kRdx), kSecond, fact.number, 8) &&
           is_field(in(call, kSecond), fact.argument, fact.displacement, fact.bytes);
  });
}

bool prints(const RuntimeCode& runtime, const Uses& uses, const Fact& fact) {
  const auto printed = std::ranges::find_if(uses.calls, [&](const code::Call& call) {
    const auto name = runtime.name_at(call.target);
    return call.direct && (name == "runtime.printuint" || name == "runtime.printint");
  });
  return printed != uses.calls.end() &&
         is_field(in(*printed, kFirst), fact.argument, fact.displacement, fact.bytes);
}

// Which of newTable, reset and newarray is called depends on what was inlined;
// nothing when none is.
std::optional<bool> makes_table(const RuntimeCode& runtime, const Uses& uses, const Fact& fact) {
  constexpr std::int64_t kGroupType = 64;
  constexpr std::int64_t kGroupSlots = 8;
  const Value type{Value::Kind::kArgument, fact.argument, 8, 0};
  std::optional<bool> result;
  for (const auto& call : uses.calls) {
    const auto name = call.direct ? runtime.name_at(call.target) : std::string_view();
    bool fits = false;
    if (name == kNewTable)
      fits = in(call, kFirst) == type && is_constant(in(call, kSecond), fact.number) &&
             is_constant(in(call, kThird), 0) && is_constant(in(call, kFourth), 0);
    else if (name == kReset)
      fits = in(call, kSecond) == type && is_constant(in(call, kThird), fact.number);
    else if (name == kNewArray)
      fits = is_field(in(call, kFirst), fact.argument, kGroupType, 8) &&
             is_constant(in(call, kSecond), fact.number / kGroupSlots);
    else
      continue;
    result = result.value_or(true) && fits;
  }
  return result;
}

}  // namespace

RuntimeCode::RuntimeCode(const GoBinary& binary, const std::set<std::string_view>& functions)
    : binary_(&binary) {
  binary.pclntab.for_each([&](const go::Function& function) {
    if (functions.contains(function.name)) functions_[function.name] = function;
  });
  for (const auto& [name, function] : functions_)
    if (auto uses = uses_of(function)) uses_[name] = *std::move(uses);
}

const Uses* RuntimeCode::uses(std::string_view function) const {
  const auto found = uses_.find(function);
  return found == uses_.end() ? nullptr : &found->second;
}

std::optional<Vaddr> RuntimeCode::entry(std::string_view function) const {
  const auto found = functions_.find(function);
  return found == functions_.end() ? std::nullopt : std::optional(found->second.entry);
}

std::string_view RuntimeCode::name_at(Vaddr target) const {
  const auto function = binary_->pclntab.function_at(target);
  return function && function->entry == target ? function->name : std::string_view();
}

std::optional<Uses> RuntimeCode::uses_of(const go::Function& function) const {
  const auto body = binary_->image.at(function.entry, function.end - function.entry);
  if (!body) return std::nullopt;
  const auto instructions =
      code::decode_function(*body, function.entry, binary_->image.machine(),
                            [&](Vaddr target) { return never_returns(name_at(target)); });
  if (!instructions) return std::nullopt;
  return code::uses_of(*body, *instructions, [&](Vaddr target) {
    return name_at(target).starts_with("runtime.gcWriteBarrier");
  });
}

std::optional<bool> shows(const RuntimeCode& runtime, const Uses& uses, const Fact& fact) {
  switch (fact.sign) {
    case Sign::kAccesses:
    case Sign::kWrites:
    case Sign::kStores: return accesses(uses, fact);
    case Sign::kDoubles: return doubles(uses, fact);
    case Sign::kCompares:
      return std::ranges::any_of(uses.comparisons, [&](const code::Comparison& comparison) {
        return comparison.limit == fact.number;
      });
    case Sign::kHashes: return hashes(uses, fact);
    case Sign::kPrints: return prints(runtime, uses, fact);
    case Sign::kMakesTableOf: break;
  }
  return makes_table(runtime, uses, fact);
}

}  // namespace gomapd
