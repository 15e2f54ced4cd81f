// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <span>
#include <string_view>

namespace gomapd::config {

// Which of `known` (not empty) is `word` most like: fewest letters to put in, take
// out or change; the first of several.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> known);

}  // namespace gomapd::config
