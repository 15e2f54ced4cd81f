// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <span>
#include <string_view>

#include "bpf/interface.h"
#include "probes/go/types.h"

namespace gomapd {

// What a probe site tells, in the words of `inspect`.
enum class Role : std::uint8_t { kGrowthStart, kGrowthEnd };

[[nodiscard]] std::string_view to_string(Role role);

// Which of a function's instructions is the site.
enum class Place : std::uint8_t {
  kStart,           // once a call, after the stack check
  kEnd,             // the last one that every completed call runs once
  kEvacuationDone,  // only in the call that moved the last old bucket
};

// One probe point: where to look and what a hit there means.
struct ProbePoint {
  go::Design design;
  std::string_view function;
  Place place;
  Role role;
  gm_role program;
  gm_kind ends = GM_KIND_UNKNOWN;  // of Swiss ends: the kind that ends here
};

// The probe points of `--detail growth`: two hits a growth.
[[nodiscard]] std::span<const ProbePoint> growth_probe_points();

// The function whose presence tells the design of a binary's maps; versions
// don't: 1.24 and 1.25 can be built with either.
[[nodiscard]] std::string_view telltale_function(go::Design design);

}  // namespace gomapd
