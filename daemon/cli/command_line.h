// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

namespace gomapd::cli {

// Parses the command line, runs the command and returns the exit code:
// 0 done, 1 failed, 2 wrong command line, 3 not permitted or a kernel feature is
// missing, 4 no Go program that can be traced, 5 the target was never there or
// went away.
[[nodiscard]] int run(int argc, char** argv);

}  // namespace gomapd::cli
