// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <span>
#include <string_view>

#include "bpf/interface.h"
#include "probes/go/types.h"

namespace gomapd {

// What a probe site tells, in the words of `inspect`.
enum class Role : std::uint8_t { kGrowthStart, kGrowthEnd, kEvacuate, kPrune, kAssign };

// What is probed besides the growths, which always are.
enum class Detail : std::uint8_t {
  kGrowth,   // nothing: start and end of each growth
  kBuckets,  // each moved bucket (classic) and removed tombstones (Swiss)
  kAssign,   // map assignments, in short windows
};

[[nodiscard]] std::string_view to_string(Role role);

// Which of a function's instructions is the site.
enum class Place : std::uint8_t {
  kStart,           // once a call, after the stack check
  kEnd,             // the last one that every completed call runs once
  kEvacuationDone,  // only in the call that moved the last old bucket
  kReturn,          // every RET
};

// One probe point: where to look and what a hit there means.
struct ProbePoint {
  go::Design design;
  std::string_view function;
  Place place;
  Role role;
  gm_role program;
  gm_kind ends = GM_KIND_UNKNOWN;  // of Swiss ends: the kind that ends here
  Detail detail = Detail::kGrowth;
};

// All probe points. Those of kGrowth must be found in a binary, those beyond
// need not: what a program does not use, its linker leaves out.
[[nodiscard]] std::span<const ProbePoint> probe_points();

// Whether the presence of `function` tells that a binary's maps have `design`;
// versions don't: 1.24 and 1.25 can be built with either.
[[nodiscard]] bool is_telltale(go::Design design, std::string_view function);

// Whether `function`, of a classic runtime, gets the map's type and its hmap as
// its first two arguments.
[[nodiscard]] bool takes_type_and_hmap(std::string_view function);

// Whether a call of `function` never comes back: it throws or panics.
[[nodiscard]] bool never_returns(std::string_view function);

// The one function into which copies of a Swiss growth function may go.
inline constexpr std::string_view kRehash = "internal/runtime/maps.(*table).rehash";

}  // namespace gomapd
