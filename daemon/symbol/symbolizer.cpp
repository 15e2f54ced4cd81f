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

namespace {

// The runtime makes it look as if the instruction had called these: what stands
// on the stack is its own address, not that of the next one.
// go1.27 src/runtime/traceback.go: isInjectedCall
bool is_injected_call(std::string_view function) {
  return function == "runtime.sigpanic" || function == "runtime.asyncPreempt" ||
         function == "runtime.debugCallV2" || function == "runtime.debugCallV1";
}

// A wrapper that panics itself is shown.
// go1.27 src/runtime/traceback.go: elideWrapperCalling
bool is_panic(std::string_view function) {
  return function == "runtime.gopanic" || function == "runtime.sigpanic" ||
         function == "runtime.panicwrap";
}

Frame printed(const go::SourceFrame& frame, std::uint64_t address) {
  return {.function = name_for_print(frame.function),
          .file = std::string(frame.file),
          .line = frame.line,
          .inlined = frame.inlined,
          .address = address};
}

}  // namespace

// go1.27 src/runtime/traceback.go: funcNamePiecesForPrint. Before generic
// methods (1.27) names held one pair of outer brackets.
std::string name_for_print(std::string_view name) {
  const auto open = name.find('[');
  const auto close = name.rfind(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close <= open)
    return std::string(name);
  std::string text(name.substr(0, open));
  // Between the first argument list and that of a generic method, if it has one.
  int depth = 0;
  for (auto i = open; i <= close; ++i) {
    if (name[i] == '[' && depth++ == 0)
      text += "[...]";
    else if (name[i] == ']')
      --depth;
    else if (depth == 0)
      text += name[i];
    if (depth < 0) return std::string(name);
  }
  if (depth != 0) return std::string(name);
  return text += name.substr(close + 1);
}

std::vector<Frame> symbolize(const go::Pclntab& pclntab,
                             std::span<const std::uint64_t> return_addresses, RuntimeFrames shown) {
  std::vector<Frame> frames;
  bool outside_runtime = false;
  std::string_view callee;  // of the frame that comes next
  for (const auto return_address : return_addresses) {
    // A return address may already belong to the next line: look at the call.
    const auto address = is_injected_call(callee) ? return_address : return_address - 1;
    const auto unfolded = pclntab.frames_at(address);
    if (unfolded.empty()) {
      outside_runtime = true;
      callee = {};
      frames.emplace_back().address = address;
      continue;
    }
    // What a map function has inlined, such as runtime.overLoadFactor, is part
    // of it: nothing before the last one counts.
    auto user = unfolded.begin();
    if (!outside_runtime)
      user = std::ranges::find_if(unfolded | std::views::reverse, is_runtime_map_function,
                                  &go::SourceFrame::function)
                 .base();
    for (auto frame = unfolded.begin(); frame != unfolded.end(); ++frame) {
      const bool elided = frame->wrapper && !is_panic(callee);
      callee = frame->function;
      const bool runtime_map = frame < user;
      if (!runtime_map) outside_runtime = true;
      if (elided || (runtime_map && shown == RuntimeFrames::kFold)) continue;
      frames.push_back(printed(*frame, address));
      frames.back().runtime_map = runtime_map;
    }
  }
  return frames;
}

}  // namespace gomapd::symbol
