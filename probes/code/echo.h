// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <optional>

#include "probes/base/bytes.h"
#include "probes/code/instruction.h"
#include "probes/elf/image.h"

namespace gomapd::code {

// So much of the code from a site on is looked at.
inline constexpr std::size_t kEchoBytes = 96;

// Where a site's echo is: the next instruction that the kernel emulates, reached from the
// site by nothing but straight code, so that a second hit follows a first one within some
// nanoseconds of the program's own. `code` begins with the site's instruction; of that, a
// branch is taken to fall through (a stack check's). The offset is from there. Nothing where
// other code may run first, or within kEchoBytes there is none.
[[nodiscard]] std::optional<Instruction> find_echo(Bytes code, elf::Machine machine);

}  // namespace gomapd::code
