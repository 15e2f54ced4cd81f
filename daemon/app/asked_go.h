// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>
#include <string_view>

#include "probes/base/result.h"
#include "probes/go/build_info.h"
#include "probes/plan/plan.h"

namespace gomapd::app {

// A Go release, named on the command line, and which of its maps are meant.
struct AskedGo {
  std::string name;  // "go1.23"
  // Whose rules hold: of a release after the newest that is known, that one's;
  // `assumed_rules` then names it, and is empty otherwise.
  go::Version version;
  std::string assumed_rules;
  go::Design design = go::Design::kClassic;
};

// `text`: "1.23", "go1.24.4 X:noswissmap", …; `classic`: GOEXPERIMENT=noswissmap.
// kUsage, in the words of `--go` of `command`, for what is no release that is
// known, or has no such maps.
[[nodiscard]] Result<AskedGo> asked_go(std::string_view command, const std::string& text,
                                       bool classic);

}  // namespace gomapd::app
