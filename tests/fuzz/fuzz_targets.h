// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include "probes/base/bytes.h"

// What the fuzz targets do with one input. Apart from libFuzzer's entry points
// so that the unit tests replay inputs with any compiler.
namespace gomapd::fuzz {

int fuzz_elf(Bytes input);
int fuzz_pclntab(Bytes input);
int fuzz_build_info(Bytes input);
// The input is the memory of a process from address 0x10000 on: its first type
// record stands there. All layouts are tried.
int fuzz_types(Bytes input);

}  // namespace gomapd::fuzz
