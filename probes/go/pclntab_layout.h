// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

#include "probes/elf/image.h"

namespace gomapd::go {

using elf::Vaddr;

// The layouts of pclntab that exist; Go's internals differ by these, not by
// releases. go1.27 src/internal/abi/symtab.go names the first four.
enum class PclntabLayout : std::uint8_t {
  kGo12,   // 1.2 to 1.15
  kGo116,  // 1.16, 1.17
  kGo118,  // 1.18, 1.19
  kGo120,  // 1.20 to 1.25
  kGo126,  // 1.26 on: as kGo120, but the header's text start is 0
};

// Where a function's record (runtime._func) and its inline tree
// (runtime.inlinedCall) keep what gomapd reads. All offsets are in bytes.
struct RecordLayout {
  std::uint8_t size;  // of _func; npcdata words of pcdata and the funcdata follow
  std::uint8_t name;
  std::uint8_t pcfile;
  std::uint8_t pcln;
  std::uint8_t npcdata;
  std::uint8_t cu_offset;  // 0: files are numbered for the whole binary
  std::uint8_t nfuncdata;
  bool funcdata_is_pointer;  // else an offset from moduledata.gofunc
  std::uint8_t inline_tree;  // FUNCDATA_InlTree
  std::uint8_t call_size;    // of inlinedCall
  std::uint8_t call_name;
  std::uint8_t call_parent_pc;
  std::uint8_t call_func_id;

  // Of _func; go1.15 to go1.27 keep it three bytes before nfuncdata.
  [[nodiscard]] std::uint8_t func_id() const { return static_cast<std::uint8_t>(nfuncdata - 3); }
};

[[nodiscard]] const RecordLayout& record_layout(PclntabLayout layout);

// The header of a table, checked. Offsets count from `address`.
struct PclntabHeader {
  PclntabLayout layout = PclntabLayout::kGo12;
  Vaddr address = 0;
  std::uint8_t quantum = 1;  // the unit of pc deltas: 1 on amd64, 4 on arm64
  std::uint64_t function_count = 0;
  Vaddr text_start = 0;  // 0 where only moduledata knows
  std::uint64_t names = 0;
  std::uint64_t cutab = 0;
  std::uint64_t files = 0;  // ≤ 1.15: read from the end of the function table
  std::uint64_t pctab = 0;
  std::uint64_t records = 0;  // base of the function table's record offsets
  std::uint64_t functab = 0;

  // Bytes of one pc or record offset in the function table.
  [[nodiscard]] std::uint64_t field_size() const {
    return layout >= PclntabLayout::kGo118 ? sizeof(std::uint32_t) : sizeof(std::uint64_t);
  }
  // {pc, record offset} for each function, then the end's pc.
  [[nodiscard]] std::uint64_t functab_size() const {
    return (2 * function_count + 1) * field_size();
  }
};

// Of a word whose other bytes are a header's.
[[nodiscard]] bool is_known_magic(std::uint64_t word);

// Does the word at the start of a table look like a header's? Cheap enough for
// a scan of the whole file.
[[nodiscard]] inline bool is_pclntab_magic(std::uint64_t word) {
  // Magic, two zero bytes, quantum, pointer size 8.
  if ((word & 0xff00'ffff'ffff'fff0U) != 0x0800'0000'ffff'fff0U) [[likely]]
    return false;
  return is_known_magic(word);
}

// Reads the header at `address`: its magic fits the machine, its tables are in
// order and its function table lies in the file.
// go1.27 src/debug/gosym/pclntab.go: parsePclnTab
[[nodiscard]] Result<PclntabHeader> read_pclntab_header(const elf::Image& image, Vaddr address);

}  // namespace gomapd::go
