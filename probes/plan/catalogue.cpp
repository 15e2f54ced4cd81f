// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/plan/catalogue.h"

#include <algorithm>
#include <array>

namespace gomapd {
namespace {

using go::Design;

constexpr ProbePoint evacuation_point(std::string_view function) {
  return {Design::kClassic, function,        Place::kStart,   Role::kEvacuate,
          GM_ROLE_EVACUATE, GM_KIND_UNKNOWN, Detail::kBuckets};
}

// go1.25 on. It has no emulated instruction that comes last.
constexpr ProbePoint prune_point(Place place, gm_role program) {
  return {Design::kSwiss,  "internal/runtime/maps.(*table).pruneTombstones",
          place,           Role::kPrune,
          program,         GM_KIND_UNKNOWN,
          Detail::kBuckets};
}

constexpr ProbePoint assign_point(Design design, std::string_view function) {
  const auto program = design == Design::kClassic ? GM_ROLE_CLASSIC_ASSIGN : GM_ROLE_SWISS_ASSIGN;
  return {design,  function,        Place::kStart,  Role::kAssign,
          program, GM_KIND_UNKNOWN, Detail::kAssign};
}

// go1.15 to go1.25 src/runtime/map.go;
// go1.24 to go1.27 src/internal/runtime/maps/{map,table}.go.
// `rehash` rather than grow and split starts a table's growth: it stays a real
// function in every profile-guided build seen, and runs exactly one of them.
constexpr std::array kProbePoints{
    ProbePoint{Design::kClassic, "runtime.hashGrow", Place::kStart, Role::kGrowthStart,
               GM_ROLE_CLASSIC_START},
    ProbePoint{Design::kClassic, "runtime.advanceEvacuationMark", Place::kEvacuationDone,
               Role::kGrowthEnd, GM_ROLE_CLASSIC_END},
    ProbePoint{Design::kSwiss, "internal/runtime/maps.(*Map).growToTable", Place::kStart,
               Role::kGrowthStart, GM_ROLE_TO_TABLE_START},
    ProbePoint{Design::kSwiss, kRehash, Place::kStart, Role::kGrowthStart, GM_ROLE_REHASH_START},
    ProbePoint{Design::kSwiss, "internal/runtime/maps.(*Map).growToTable", Place::kEnd,
               Role::kGrowthEnd, GM_ROLE_SWISS_END, GM_KIND_TO_TABLE},
    ProbePoint{Design::kSwiss, "internal/runtime/maps.(*table).grow", Place::kEnd, Role::kGrowthEnd,
               GM_ROLE_SWISS_END, GM_KIND_TABLE_DOUBLE},
    ProbePoint{Design::kSwiss, "internal/runtime/maps.(*table).split", Place::kEnd,
               Role::kGrowthEnd, GM_ROLE_SWISS_END, GM_KIND_SPLIT},
    evacuation_point("runtime.evacuate"),
    evacuation_point("runtime.evacuate_fast32"),
    evacuation_point("runtime.evacuate_fast64"),
    evacuation_point("runtime.evacuate_faststr"),
    prune_point(Place::kStart, GM_ROLE_PRUNE_START),
    prune_point(Place::kReturn, GM_ROLE_PRUNE_END),
    // Swiss ones too: the linker names internal/runtime/maps' so. fast32ptr: on
    // machines of 32 bits.
    assign_point(Design::kClassic, "runtime.mapassign"),
    assign_point(Design::kClassic, "runtime.mapassign_fast32"),
    assign_point(Design::kClassic, "runtime.mapassign_fast32ptr"),
    assign_point(Design::kClassic, "runtime.mapassign_fast64"),
    assign_point(Design::kClassic, "runtime.mapassign_fast64ptr"),
    assign_point(Design::kClassic, "runtime.mapassign_faststr"),
    assign_point(Design::kSwiss, "runtime.mapassign"),
    assign_point(Design::kSwiss, "runtime.mapassign_fast32"),
    assign_point(Design::kSwiss, "runtime.mapassign_fast32ptr"),
    assign_point(Design::kSwiss, "runtime.mapassign_fast64"),
    assign_point(Design::kSwiss, "runtime.mapassign_fast64ptr"),
    assign_point(Design::kSwiss, "runtime.mapassign_faststr"),
};

}  // namespace

std::span<const ProbePoint> probe_points() {
  return kProbePoints;
}

// A profile-guided build may have lost one of the classic ones, not all: each
// evacuation needs a growWork or an evacuate that is too big to be inlined.
bool is_telltale(go::Design design, std::string_view function) {
  if (design == Design::kSwiss) return function == kRehash;
  return function == "runtime.hashGrow" || function.starts_with("runtime.growWork") ||
         function == "runtime.evacuate" || function.starts_with("runtime.evacuate_fast");
}

// go1.21 to go1.25 runtime/map.go, map_fast32.go, map_fast64.go, map_faststr.go
// (later *_noswiss.go); reflect.mapassign and mapdelete are runtime/map.go's
// reflect_mapassign and reflect_mapdelete.
bool takes_type_and_hmap(std::string_view function) {
  constexpr std::array<std::string_view, 6> kPrefixes = {"runtime.mapassign", "runtime.mapdelete",
                                                         "runtime.growWork",  "runtime.evacuate",
                                                         "reflect.mapassign", "reflect.mapdelete"};
  return std::ranges::any_of(kPrefixes, [&](auto prefix) { return function.starts_with(prefix); });
}

// go1.15 to go1.27 runtime/panic.go, and what the compiler calls in it.
bool never_returns(std::string_view function) {
  constexpr std::array<std::string_view, 10> kPrefixes = {
      "runtime.goPanic",     "runtime.panicIndex",   "runtime.panicSlice",   "runtime.panicBounds",
      "runtime.panicdivide", "runtime.panicshift",   "runtime.panicdottype", "runtime.panicnil",
      "runtime.panicmem",    "runtime.panicoverflow"};
  return function == "runtime.throw" || function == "runtime.gopanic" ||
         std::ranges::any_of(kPrefixes, [&](auto prefix) { return function.starts_with(prefix); });
}

std::string_view to_string(Role role) {
  switch (role) {
    case Role::kGrowthStart: return "growth_start";
    case Role::kGrowthEnd: return "growth_end";
    case Role::kEvacuate: return "evacuate";
    case Role::kPrune: return "prune";
    case Role::kAssign: break;
  }
  return "assign";
}

}  // namespace gomapd
