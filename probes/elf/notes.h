// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

#include "probes/base/bytes.h"

namespace gomapd::elf {

// Reads the build id out of `notes`, the bytes of a PT_NOTE: the GNU one in
// hex replaces what `build_id` holds, Go's own text fills an empty one.
// Damaged notes are as good as none: nothing rests on a build id.
void prefer_build_id(Bytes notes, std::string& build_id);

}  // namespace gomapd::elf
