// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include "probes/base/bytes.h"

namespace gomapd {

// Refuses files that are known to be something else than a 64-bit Linux
// program, by their first bytes: kNotGo with what it is, and what to do instead.
// Of a file that passes nothing is known yet.
[[nodiscard]] Result<void> refuse_foreign(Bytes file);

// An executable packed by UPX: its code and tables are compressed, so nothing
// can be read from the file, and at run time they lie in anonymous memory, where
// the kernel takes no uprobe.
[[nodiscard]] bool is_packed_by_upx(Bytes file);

}  // namespace gomapd
