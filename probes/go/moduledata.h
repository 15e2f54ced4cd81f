// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include "probes/elf/image.h"
#include "probes/go/pclntab_layout.h"

namespace gomapd::go {

// The fields of runtime.firstmoduledata that gomapd needs, as file addresses.
// go1.15 to go1.27 src/runtime/symtab.go: type moduledata.
struct Moduledata {
  Vaddr address = 0;
  Vaddr text = 0;
  Vaddr etext = 0;
  Vaddr types = 0;
  Vaddr etypes = 0;
  Vaddr gofunc = 0;  // base of funcdata offsets, from Go 1.18 on; else 0
};

// The exact bounds of pclntab's tables, which only moduledata states; bytes,
// counted from the offsets in the table's header.
struct PclntabSizes {
  std::uint64_t names = 0;
  std::uint64_t cutab = 0;
  std::uint64_t files = 0;
  std::uint64_t pctab = 0;
  std::uint64_t records = 0;
};

struct Module {
  Moduledata data;
  PclntabSizes sizes;
  Vaddr min_pc = 0;  // of the first function
  Vaddr max_pc = 0;  // end of the last function
};

// Finds the moduledata that belongs to the table with `header`: the only
// thing in writable data that points at it and describes it. Everything is
// compared with the header and the segments; releases that share a layout of
// pclntab are told apart by that, not by the version that a binary claims.
[[nodiscard]] Result<Module> find_moduledata(const elf::Image& image, const PclntabHeader& header);

}  // namespace gomapd::go
