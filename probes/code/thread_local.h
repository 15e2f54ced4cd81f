// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>

#include "probes/base/bytes.h"

namespace gomapd::code {

// Until Go 1.16 a function's stack check begins by loading g from thread-local
// storage: the offset from the thread pointer at which it does so, negative. It is
// -8 where the Go linker lays out that storage, and where libc's own lies in a
// library; what an external linker makes of a static program is in its code alone.
// `body` begins at the function's entry. Nothing when that is no such load.
// go1.15 cmd/internal/obj/x86/obj6.go: load_g_cx; what linkers make of it:
// `mov rcx, fs:[-8]`, or `mov rcx, -8` and `mov rcx, fs:[rcx]`
[[nodiscard]] std::optional<std::int64_t> thread_local_g(Bytes body);

}  // namespace gomapd::code
