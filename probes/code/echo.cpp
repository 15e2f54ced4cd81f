// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/echo.h"

#include <algorithm>

#include "probes/code/architecture.h"

namespace gomapd::code {

std::optional<Instruction> find_echo(Bytes code, elf::Machine machine) {
  const auto* architecture = architecture_of(machine);
  if (architecture == nullptr) return std::nullopt;
  code = code.first(std::min(code.size(), kEchoBytes));
  const auto site = architecture->decode(code, 0, 0);
  if (!site || (site->flow != Flow::kNext && site->flow != Flow::kConditional)) return std::nullopt;
  for (auto offset = site->end(); offset < code.size();) {
    const auto next = architecture->decode(code, 0, offset);
    if (!next) return std::nullopt;
    // The kernel emulates nops as well, and nothing is to be had sooner.
    if (next->emulated && next->probeable) return next;
    if (next->flow != Flow::kNext) return std::nullopt;
    offset = next->end();
  }
  return std::nullopt;
}

}  // namespace gomapd::code
