// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <string>

#include "daemon/analyst/workshop.h"
#include "daemon/proc/process.h"

namespace gomapd::app {

// The file in which a process's Go code lies.
struct GoCode {
  std::string shared_library;  // its path; empty: the executable
  proc::File file;
};

// Its executable or, where that is no Go program, the one Go library that it has
// loaded (-buildmode=c-shared); takes the file out of `process`. The executable
// as well where there is neither: whoever analyses it gets the reason.
// kUnsupported when there are several such libraries: each has a runtime of its
// own, and one plan a process is all there is.
[[nodiscard]] Result<GoCode> take_go_code(analyst::Workshop& workshop, proc::Process& process);

// Why a Go library built by `version` ("go1.15.15") can't be traced; nothing when it can,
// as far as its version goes.
[[nodiscard]] Result<void> check_library_version(const std::string& version,
                                                 const std::string& path);

}  // namespace gomapd::app
