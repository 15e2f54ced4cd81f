// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/go/pclntab.h"

namespace gomapd::symbol {

struct Frame {
  std::string function;  // empty: outside the Go program's own code
  std::string file;
  std::int32_t line = 0;
  bool inlined = false;
  // Of the call, as in the file; frames that were inlined there share it.
  std::uint64_t address = 0;
  bool runtime_map = false;      // a runtime map function that is shown on demand
  bool callers_missing = false;  // the outermost frame of a stack that was cut
};

// Functions through which the runtime and reflect make a map grow. They stand
// between the growth and the code that caused it.
[[nodiscard]] bool is_runtime_map_function(std::string_view function);

// Whether the runtime map functions at a stack's inner end are left out.
enum class RuntimeFrames : std::uint8_t { kFold, kShow };

// A function's name as Go prints it: type arguments are "[...]".
[[nodiscard]] std::string name_for_print(std::string_view function);

// The frames of a call stack of return addresses (file addresses, innermost
// first), as runtime.CallersFrames gives them: inlined calls unfolded, wrappers
// left out. Runtime map functions at its inner end are left out, or marked. A pc
// outside the binary's own code gives one frame without a function.
[[nodiscard]] std::vector<Frame> symbolize(const go::Pclntab& pclntab,
                                           std::span<const std::uint64_t> return_addresses,
                                           RuntimeFrames shown = RuntimeFrames::kFold);

}  // namespace gomapd::symbol
