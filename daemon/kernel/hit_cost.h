// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "probes/base/result.h"

// What one probe hit costs the program that is probed, on this machine.
namespace gomapd::kernel {

struct HitCost {
  double ns = 0;
  double error_ns = 0;    // one standard error, systematic ones included
  bool measured = false;  // else an assumption
};

// For machines where it can't be measured: the middle of what was seen from a
// bare server to a small virtual machine (0.7 to 2.2 µs).
inline constexpr HitCost kAssumedHitCost{.ns = 1400, .error_ns = 700, .measured = false};

// A function of our own to put a probe on: its first instruction is a `push`,
// which the kernel emulates, as at Go's growth and assign functions. Its place in
// our executable; an error where there is no such function (not on amd64).
[[nodiscard]] Result<std::uint64_t> probed_function_offset();

// Calls it `times` times, with `readable` as its first two arguments (rax, rbx).
void call_probed_function(std::size_t times, const void* readable);

// Times calls of it, with a probe that counts each: some milliseconds.
[[nodiscard]] HitCost time_probed_calls();

// From the mean cost of a hit in each of several batches, in ns: their median,
// and an error that covers their spread and that a real target's caches are not
// ours. kAssumedHitCost when there is none that can be.
[[nodiscard]] HitCost hit_cost_of(std::vector<double> batches_ns);

}  // namespace gomapd::kernel
