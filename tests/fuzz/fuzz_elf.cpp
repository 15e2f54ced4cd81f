// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <cstddef>
#include <cstdint>
#include <span>

#include "tests/fuzz/fuzz_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return gomapd::fuzz::fuzz_elf(std::as_bytes(std::span(data, size)));
}
