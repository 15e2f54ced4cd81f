// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The program go/moved, which sees in the headers of its classic maps which old
// buckets have moved, in maps that it leaves half grown too.
#pragma once

#include "tests/live/lab.h"
#include "tests/live/tracing.h"

namespace gomapd::live {

Built build_moved(const Build& build);
// With `--detail buckets`.
Traced trace_moved(const std::filesystem::path& program);

// What the program says that it moved; -1 where it said nothing.
int64_t buckets_moved(const Traced& traced);

// That each moved bucket was told once, and nothing else.
Problems check_moved(const Traced& traced);
// That each line tells how far its growth has come, and each end that all moved.
Problems check_progress(const Traced& traced);

}  // namespace gomapd::live
