// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstddef>
#include <cstdint>

// Functions of our own to put probes on, in assembly: see probed_functions.cpp.

// Where they are; each begins with the instruction to probe.
extern "C" std::uint64_t gomapd_emulated_address();
extern "C" std::uint64_t gomapd_stepped_address();
extern "C" std::uint64_t gomapd_ended_address();

// Calls one `times` times, not 0, as Go would, with `readable` as its first two arguments.
extern "C" void gomapd_call_emulated(std::size_t times, const void* readable);
extern "C" void gomapd_call_stepped(std::size_t times, const void* readable);
// The emulated one and then the ended one, with `readable` as g, too, and under `frames`.
extern "C" void gomapd_call_growth(std::size_t times, const void* readable, const void* frames);
