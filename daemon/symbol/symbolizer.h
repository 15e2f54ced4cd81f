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
};

// Functions through which the runtime and reflect make a map grow. They stand
// between the growth and the code that caused it.
[[nodiscard]] bool is_runtime_map_function(std::string_view function);

// The frames of a call stack of return addresses (file addresses, innermost
// first), inlined calls unfolded, runtime map functions at its inner end left
// out. A pc outside the binary's own code gives one frame without a function.
[[nodiscard]] std::vector<Frame> symbolize(const go::Pclntab& pclntab,
                                           std::span<const std::uint64_t> return_addresses);

}  // namespace gomapd::symbol
