// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "probes/plan/plan.h"

namespace gomapd::analyst {

// A piece of the file that the kernel maps to be run.
struct Code {
  elf::Vaddr address = 0;
  elf::FileOffset file_offset = 0;
  std::uint64_t size = 0;  // bytes in the file
};

// Reads up to `out.size()` bytes of the file at an offset; how many there were.
using ReadAt = std::function<std::size_t(elf::FileOffset offset, std::span<std::byte> out)>;

// What the kernel itself goes by, from an ELF file's header and program headers alone.
struct Headers {
  elf::Machine machine = elf::Machine::kOther;
  std::vector<Code> code;  // the executable PT_LOADs, cut to the file
};

// Reads at most 64 + 256 * 56 bytes. Nothing in it where there is no such ELF.
[[nodiscard]] Headers read_headers(const ReadAt& read, std::uint64_t file_size);

// Whether a reader's plan can be true of the file: every site lies in code that the kernel
// maps to be run, at an instruction, by its own name, to which a straight reading of the
// function's code comes from an aligned entry; and what the kernel's programs go by is in
// range. kReaderFailed with the first thing that is not so. A false plan that passes can
// put probes only on what decodes as instructions of its own file.
[[nodiscard]] Result<void> judge(const Plan& plan, const Headers& headers, const ReadAt& read);

}  // namespace gomapd::analyst
