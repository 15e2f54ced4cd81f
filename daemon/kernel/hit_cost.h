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

// How the kernel does the instruction under a probe: itself, as all that gomapd chooses
// (amd64: `push`, jumps, calls; arm64: branches, RET), or by a single step of the CPU, as
// most others.
enum class Execution : std::uint8_t { kEmulated, kStepped };

// A function of our own to put a probe on, whose first instruction is done that way.
// Its place in our executable.
[[nodiscard]] Result<std::uint64_t> probed_function_offset(
    Execution execution = Execution::kEmulated);

// Likewise of the one that stands for the end of a growth: see time_probed_growths().
[[nodiscard]] Result<std::uint64_t> growth_end_offset();

// Calls it `times` times, with `readable` as its first two arguments.
void call_probed_function(std::size_t times, const void* readable,
                          Execution execution = Execution::kEmulated);

// Times calls of it, with a probe that counts each: some milliseconds.
[[nodiscard]] HitCost time_probed_calls(Execution execution = Execution::kEmulated);

// The mean of both hits of a growth: a start at the function whose first instruction
// is emulated, called as Go would call it, from under twelve frames, and an end.
[[nodiscard]] HitCost time_probed_growths();

// From the mean cost of a hit in each of several batches, in ns: their median,
// and an error that covers their spread and that a real target's caches are not
// ours. kAssumedHitCost when there is none that can be.
[[nodiscard]] HitCost hit_cost_of(std::vector<double> batches_ns);

}  // namespace gomapd::kernel
