// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

#include "probes/elf/image.h"
#include "probes/go/pclntab_layout.h"

namespace gomapd::go {

// The value of runtime.buildVersion, which the linker writes into every Go
// program, build information or not (go1.15 to go1.27 cmd/link/internal/ld/
// lib.go: "-X runtime.buildVersion"): a string variable in a writable segment
// whose text is a Go version. Variables that name another release than the one
// that pclntab's layout belongs to are passed over. kNotFound when there is
// none; kUnsupported when several releases are named.
[[nodiscard]] Result<std::string> find_build_version(const elf::Image& image, PclntabLayout layout);

}  // namespace gomapd::go
