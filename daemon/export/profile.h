// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/export/report.h"

namespace gomapd::exporter {

// What profiles weigh a call stack by.
enum class Weight : std::uint8_t { kGrowths, kBytes, kTime };
inline constexpr std::array kWeights{Weight::kGrowths, Weight::kBytes, Weight::kTime};

// As pprof's sample types are called: "growths" in "count", and so on.
[[nodiscard]] std::string_view name_of(Weight weight);
[[nodiscard]] std::string_view unit_of(Weight weight);
[[nodiscard]] std::uint64_t weight_of(const model::StackSummary& stack, Weight weight);

// What a frame is called that is in no function of the program, and the whole
// stack of a growth whose stack was not kept.
inline constexpr std::string_view kUnknownFrame = "[unknown]";
// Stands for the callers beyond the frames that the kernel walks.
inline constexpr std::string_view kTruncatedFrame = "[truncated]";

// The function of a frame, harmless for a terminal and always UTF-8.
[[nodiscard]] std::string frame_name(const symbol::Frame& frame);
// The names of a stack's frames, outermost first; never empty.
[[nodiscard]] std::vector<std::string> frame_names(const model::Stack& stack);

// What a reader of the profile must know of it: what is missing. A line each.
[[nodiscard]] std::vector<std::string> profile_notes(const TraceReport& report);

// The weight of each different list of frame names, a line each:
// `outermost;…;innermost weight`, sorted; lists without weight are left out.
// A semicolon within a name is written \x3b.
[[nodiscard]] std::string folded_stacks(const TraceReport& report, Weight weight);

}  // namespace gomapd::exporter
