// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/plan/catalogue.h"

#include <array>

namespace gomapd {
namespace {

using go::Design;

// go1.15 to go1.25 src/runtime/map.go;
// go1.24 to go1.27 src/internal/runtime/maps/{map,table}.go.
// `rehash` rather than grow and split starts a table's growth: it stays a real
// function in every profile-guided build seen, and calls exactly one of them.
constexpr std::array kGrowthProbePoints{
    ProbePoint{Design::kClassic, "runtime.hashGrow", Place::kStart, Role::kGrowthStart,
               GM_ROLE_CLASSIC_START},
    ProbePoint{Design::kClassic, "runtime.advanceEvacuationMark", Place::kEvacuationDone,
               Role::kGrowthEnd, GM_ROLE_CLASSIC_END},
    ProbePoint{Design::kSwiss, "internal/runtime/maps.(*Map).growToTable", Place::kStart,
               Role::kGrowthStart, GM_ROLE_TO_TABLE_START},
    ProbePoint{Design::kSwiss, "internal/runtime/maps.(*table).rehash", Place::kStart,
               Role::kGrowthStart, GM_ROLE_REHASH_START},
    ProbePoint{Design::kSwiss, "internal/runtime/maps.(*Map).growToTable", Place::kEnd,
               Role::kGrowthEnd, GM_ROLE_SWISS_END, GM_KIND_TO_TABLE},
    ProbePoint{Design::kSwiss, "internal/runtime/maps.(*table).grow", Place::kEnd,
               Role::kGrowthEnd, GM_ROLE_SWISS_END, GM_KIND_TABLE_DOUBLE},
    ProbePoint{Design::kSwiss, "internal/runtime/maps.(*table).split", Place::kEnd,
               Role::kGrowthEnd, GM_ROLE_SWISS_END, GM_KIND_SPLIT},
};

}  // namespace

std::span<const ProbePoint> growth_probe_points() { return kGrowthProbePoints; }

std::string_view telltale_function(go::Design design) {
  return design == Design::kClassic ? "runtime.hashGrow" : "internal/runtime/maps.(*table).rehash";
}

std::string_view to_string(Role role) {
  return role == Role::kGrowthStart ? "growth_start" : "growth_end";
}

}  // namespace gomapd
