// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/plan/facts.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "probes/go/releases.h"
#include "probes/go/size_classes.h"
#include "probes/plan/callers.h"
#include "probes/plan/catalogue.h"
#include "probes/plan/signs.h"
#include "probes/plan/type_records.h"

namespace gomapd {
namespace {

using code::Register;

constexpr std::string_view kGrowToTable = "internal/runtime/maps.(*Map).growToTable";
constexpr std::string_view kInstallSplit = "internal/runtime/maps.(*Map).installTableSplit";
constexpr std::string_view kPutUnchecked = "internal/runtime/maps.(*table).uncheckedPutSlot";
constexpr std::string_view kGroup = "internal/runtime/maps.(*groupsReference).group";
constexpr std::string_view kGrow = "internal/runtime/maps.(*table).grow";
constexpr std::string_view kSplit = "internal/runtime/maps.(*table).split";
constexpr std::string_view kMaxGrowthLeft = "internal/runtime/maps.(*table).maxGrowthLeft";
constexpr std::string_view kPutSmall = "internal/runtime/maps.(*Map).putSlotSmall";
constexpr std::string_view kDelete = "internal/runtime/maps.(*Map).Delete";
constexpr std::string_view kClear = "internal/runtime/maps.(*Map).Clear";
constexpr std::string_view kHeader = "runtime.goroutineheader";
constexpr std::string_view kCopyStack = "runtime.copystack";

using Functions = std::array<std::string_view, 4>;

// A place in what an argument points at.
struct At {
  Register argument;
  std::int64_t displacement;
  std::uint32_t bytes;
};

constexpr Fact swiss(std::string_view what, Functions functions, Sign sign, At at,
                     std::int64_t number = 0) {
  return {Of::kSwissMaps,  24,       what,   sign,     at.argument,
          at.displacement, at.bytes, number, functions};
}

constexpr Fact swiss_since_26(std::string_view what, Functions functions, Sign sign, At at,
                              std::int64_t number) {
  auto fact = swiss(what, functions, sign, at, number);
  fact.since = 26;
  return fact;
}

constexpr Fact goroutine(std::string_view what, std::string_view function, Sign sign, At at) {
  return {Of::kGoroutines, go::kRegisterAbiMinor, what,     sign,
          at.argument,     at.displacement,       at.bytes, 0,
          {function}};
}

// go1.24 to go1.27 internal/runtime/maps/{map,table}.go, runtime/{traceback,
// stack,runtime2}.go. The offset of goid is the version's: see check_facts.
constexpr std::array kFacts{
    swiss("a table splits beyond 1024 slots, its capacity at +2", {kRehash}, Sign::kDoubles,
          {kFirst, 2, 2}, 1024),
    swiss("table.used at +0", {kPutUnchecked}, Sign::kWrites, {kFirst, 0, 2}),
    swiss("table.growthLeft at +4", {kPutUnchecked}, Sign::kWrites, {kFirst, 4, 2}),
    swiss("table.localDepth at +6", {kInstallSplit}, Sign::kAccesses, {kSecond, 6, 1}),
    // The check that seven times the capacity does not overflow.
    swiss_since_26("a table is full at 7/8", {kMaxGrowthLeft, kReset, kNewTable, kGrowToTable},
                   Sign::kCompares, {kFirst, 0, 0}, 0xffff / 7),
    swiss("a small map becomes a table of 16 slots", {kGrowToTable}, Sign::kMakesTableOf,
          {kSecond, 0, 0}, 16),
    swiss("Map.used at +0", {kPutSmall, kDelete, kClear}, Sign::kAccesses, {kFirst, 0, 8}),
    swiss("Map.seed at +8, the hash function at +72 of the map's type", {kGrowToTable},
          Sign::kHashes, {kFirst, 8, 8}, 72),
    swiss("Map.dirPtr at +16", {kGrowToTable}, Sign::kWrites, {kFirst, 16, 8}),
    swiss("Map.dirLen at +24", {kGrowToTable}, Sign::kStores, {kFirst, 24, 8}, 1),
    swiss("Map.globalDepth at +32", {kGrowToTable}, Sign::kStores, {kFirst, 32, 1}, 0),
    swiss("Map.globalDepth at +32", {kInstallSplit}, Sign::kAccesses, {kFirst, 32, 1}),
    swiss("Map.globalShift at +33", {kGrowToTable}, Sign::kWrites, {kFirst, 33, 1}),
    swiss("the group's size at +80 of the map's type", {kGroup, kPutUnchecked}, Sign::kAccesses,
          {kSecond, 80, 8}),
    swiss("g in r14, its stackguard0 at +16", {kRehash}, Sign::kAccesses, {Register::kR14, 16, 8}),
    goroutine("the goroutine's number in g", kHeader, Sign::kPrints, {kFirst, 0, 8}),
    goroutine("g.stack.lo at +0", kCopyStack, Sign::kAccesses, {kFirst, 0, 8}),
    goroutine("g.stack.hi at +8", kCopyStack, Sign::kAccesses, {kFirst, 8, 8}),
};

// A field of a structure of the runtime: where, and how long.
struct Field {
  std::int64_t begin;
  std::int64_t bytes;
};

constexpr std::array kTableFields{Field{0, 2}, Field{2, 2},  Field{4, 2}, Field{6, 1},
                                  Field{8, 8}, Field{16, 8}, Field{24, 8}};
constexpr std::array kMapFields{Field{0, 8},  Field{8, 8},  Field{16, 8},
                                Field{24, 8}, Field{32, 1}, Field{33, 1},
                                Field{34, 1}, Field{35, 1}, Field{40, 8}};

// What the arguments of a function point at.
enum class Points : std::uint8_t { kElsewhere, kTable, kMap };
struct Subject {
  std::string_view function;
  Points first;
  Points second;
  Points third;
  Points fourth;
};

constexpr std::array kSubjects{
    Subject{kRehash, Points::kTable, Points::kElsewhere, Points::kMap, Points::kElsewhere},
    Subject{kGrow, Points::kTable, Points::kElsewhere, Points::kMap, Points::kElsewhere},
    Subject{kSplit, Points::kTable, Points::kElsewhere, Points::kMap, Points::kElsewhere},
    Subject{kReset, Points::kTable, Points::kElsewhere, Points::kElsewhere, Points::kElsewhere},
    Subject{kPutUnchecked, Points::kTable, Points::kElsewhere, Points::kElsewhere,
            Points::kElsewhere},
    Subject{kGrowToTable, Points::kMap, Points::kElsewhere, Points::kElsewhere, Points::kElsewhere},
    Subject{kInstallSplit, Points::kMap, Points::kTable, Points::kTable, Points::kTable},
    Subject{"internal/runtime/maps.(*table).pruneTombstones", Points::kTable, Points::kElsewhere,
            Points::kMap, Points::kElsewhere},
};

std::set<std::string_view> functions_of_facts() {
  std::set<std::string_view> names{kNewTable, kGrow, kSplit};
  for (const auto& fact : kFacts) names.insert(fact.functions.begin(), fact.functions.end());
  for (const auto& subject : kSubjects) names.insert(subject.function);
  return names;
}

Result<void> check_fact(const RuntimeCode& runtime, const Fact& fact, Proof proof) {
  for (const auto function : fact.functions) {
    const auto* uses = runtime.uses(function);
    if (uses == nullptr) continue;
    const auto shown = shows(runtime, *uses, fact);
    if (!shown) break;
    if (*shown) return {};
    return fail(Errc::kUnsupported, fmt::format("{}: not so in {}", fact.what, function));
  }
  if (proof == Proof::kNothingContradicts) return {};
  return fail(Errc::kUnsupported,
              fmt::format("{}: nothing in {} shows it", fact.what, fact.functions.front()));
}

// Bytes are worked out by the allocator's size classes, an array in the file.
Result<void> check_size_classes(const GoBinary& binary) {
  const auto classes = std::as_bytes(std::span(go::kSizeClasses));
  const bool found = std::ranges::any_of(binary.image.segments(), [&](const elf::Segment& segment) {
    return std::search(segment.bytes.begin(), segment.bytes.end(),
                       std::boyer_moore_horspool_searcher(classes.begin(), classes.end())) !=
           segment.bytes.end();
  });
  if (found) return {};
  return fail(Errc::kUnsupported, "the allocator's size classes: not the known ones");
}

// In one field, or exactly over several; beyond the structure anything may lie.
bool fits(std::span<const Field> fields, const code::Access& access) {
  const auto begin = access.displacement;
  const auto end = begin + access.bytes;
  if (begin >= fields.back().begin + fields.back().bytes) return true;
  const auto starts = std::ranges::find(fields, begin, &Field::begin);
  if (starts == fields.end()) return false;
  if (end <= starts->begin + starts->bytes) return true;
  return std::ranges::any_of(fields,
                             [&](const Field& field) { return field.begin + field.bytes == end; });
}

Result<void> check_subject(const RuntimeCode& runtime, const Subject& subject) {
  const auto* uses = runtime.uses(subject.function);
  if (uses == nullptr) return {};
  const std::array<std::pair<Register, Points>, 4> arguments = {{{kFirst, subject.first},
                                                                 {kSecond, subject.second},
                                                                 {kThird, subject.third},
                                                                 {kFourth, subject.fourth}}};
  for (const auto& access : uses->accesses) {
    for (const auto& [reg, points] : arguments) {
      if (access.argument != reg || points == Points::kElsewhere) continue;
      const auto fields = points == Points::kTable ? std::span<const Field>(kTableFields)
                                                   : std::span<const Field>(kMapFields);
      if (fits(fields, access)) continue;
      return fail(Errc::kUnsupported,
                  fmt::format("{} uses {} bytes at +{} of a {}, where there is no such field",
                              subject.function, access.bytes, access.displacement,
                              points == Points::kTable ? "table" : "Map"));
    }
  }
  return {};
}

}  // namespace

Result<void> check_facts(const GoBinary& binary, Proof proof) {
  const bool is_swiss = binary.design == go::Design::kSwiss;
  if (proof == Proof::kEverythingShows) {
    if (!is_swiss)
      return fail(Errc::kUnsupported, "its maps are classic ones, which ended with Go 1.25");
    if (binary.image.machine() != elf::Machine::kAmd64)
      return fail(Errc::kUnsupported, "facts can be checked in amd64 code only");
  }
  if (binary.version.minor < go::kRegisterAbiMinor ||
      binary.image.machine() != elf::Machine::kAmd64)
    return {};
  const RuntimeCode runtime(binary, functions_of_facts());
  for (auto fact : kFacts) {
    if (binary.version.minor < fact.since || (!is_swiss && fact.of == Of::kSwissMaps)) continue;
    if (fact.sign == Sign::kPrints) fact.displacement = go::goid_offset(binary.version);
    TRY_VOID(check_fact(runtime, fact, proof));
  }
  if (!is_swiss) return {};
  for (const auto& subject : kSubjects) TRY_VOID(check_subject(runtime, subject));
  std::vector<Callee> makers;
  for (const auto maker : {kNewTable, kGrow, kSplit})
    if (const auto entry = runtime.entry(maker)) makers.push_back({maker, *entry});
  TRY_VOID(check_callers(binary, makers));
  TRY_VOID(check_type_records(binary, proof));
  return proof == Proof::kEverythingShows ? check_size_classes(binary) : Result<void>();
}

}  // namespace gomapd
