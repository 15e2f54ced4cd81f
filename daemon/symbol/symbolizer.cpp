// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/symbol/symbolizer.h"

#include <algorithm>
#include <array>
#include <ranges>

namespace gomapd::symbol {

bool is_runtime_map_function(std::string_view function) {
  // go1.15 to go1.27: runtime/map*.go, runtime/linkname_swiss.go,
  // internal/runtime/maps/*.go. Note runtime.main: "map" is followed by a verb.
  constexpr std::array<std::string_view, 10> kPrefixes{
      "runtime.mapassign",      "runtime.mapdelete", "runtime.mapclear", "runtime.mapclone",
      "runtime.growWork",       "runtime.hashGrow",  "runtime.evacuate", "runtime.reflect_map",
      "internal/runtime/maps.", "reflect.mapassign",
  };
  // The name that the linker gives runtime.mapclone (since Go 1.21).
  if (function == "maps.clone") return true;
  return std::ranges::any_of(kPrefixes, [&](std::string_view prefix) {
    // A slash further on: the prefix is only the beginning of an import path.
    return function.starts_with(prefix) &&
           function.find('/', prefix.size()) == std::string_view::npos;
  });
}

std::vector<Frame> symbolize(const go::Pclntab& pclntab,
                             std::span<const std::uint64_t> return_addresses) {
  std::vector<Frame> frames;
  bool outside_runtime = false;
  for (const auto return_address : return_addresses) {
    // A return address may already belong to the next line: look at the call.
    const auto unfolded = pclntab.frames_at(return_address - 1);
    if (unfolded.empty()) {
      outside_runtime = true;
      frames.emplace_back().address = return_address - 1;
    }
    // What a map function has inlined, such as runtime.overLoadFactor, is part
    // of it: nothing before the last one counts.
    auto frame = unfolded.begin();
    if (!outside_runtime)
      frame = std::ranges::find_if(unfolded | std::views::reverse, is_runtime_map_function,
                                   &go::SourceFrame::function)
                  .base();
    for (; frame != unfolded.end(); ++frame) {
      outside_runtime = true;
      frames.push_back({std::string(frame->function), std::string(frame->file), frame->line,
                        frame->inlined, return_address - 1});
    }
  }
  return frames;
}

}  // namespace gomapd::symbol
