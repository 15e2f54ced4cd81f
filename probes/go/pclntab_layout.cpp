// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/go/pclntab_layout.h"

#include <fmt/core.h>

#include <array>

namespace gomapd::go {
namespace {

// The biggest Go programs known have some 500,000 functions.
constexpr std::uint64_t kMaxFunctions = std::uint64_t{1} << 22U;

// runtime/runtime2.go: type _func; runtime/symtab.go (from 1.21 on
// symtabinl.go): type inlinedCall, _FUNCDATA_InlTree.
constexpr std::array<RecordLayout, 5> kRecordLayouts = {{
    {40, 8, 24, 28, 32, 0, 39, true, 4, 20, 12, 16, 2},    // go1.15
    {44, 8, 24, 28, 32, 36, 43, true, 3, 20, 12, 16, 2},   // go1.16, go1.17
    {40, 4, 20, 24, 28, 32, 39, false, 3, 20, 12, 16, 2},  // go1.18, go1.19
    {44, 4, 20, 24, 28, 32, 43, false, 3, 16, 4, 8, 0},    // go1.20 to go1.25
    {44, 4, 20, 24, 28, 32, 43, false, 3, 16, 4, 8, 0},    // go1.26, go1.27
}};

// Layouts by magic; offsets of the header's words. text_start 0: has none.
struct HeaderLayout {
  std::uint32_t magic;
  PclntabLayout layout;
  std::uint8_t text_start;
  std::uint8_t tables;  // five offsets: names, cutab, files, pctab, records
  std::uint8_t size;
};

// go1.27 src/debug/gosym/pclntab.go: parsePclnTab; go1.27
// src/internal/abi/symtab.go: Go12PCLnTabMagic and its successors.
constexpr std::array<HeaderLayout, 4> kHeaderLayouts = {{
    {0xfffffffb, PclntabLayout::kGo12, 0, 0, 16},
    {0xfffffffa, PclntabLayout::kGo116, 0, 24, 64},
    {0xfffffff0, PclntabLayout::kGo118, 24, 32, 72},
    {0xfffffff1, PclntabLayout::kGo120, 24, 32, 72},
}};

const HeaderLayout* find_layout(std::uint32_t magic) {
  for (const auto& layout : kHeaderLayouts)
    if (layout.magic == magic) return &layout;
  return nullptr;
}

std::uint8_t quantum_of(elf::Machine machine) {
  switch (machine) {
    case elf::Machine::kAmd64: return 1;
    case elf::Machine::kArm64: return 4;
    case elf::Machine::kOther: break;
  }
  return 0;
}

Result<void> read_table_offsets(const ByteReader& table, const HeaderLayout& layout,
                                PclntabHeader& header) {
  std::uint64_t previous = layout.size;
  std::uint64_t word = layout.tables;
  for (auto* offset :
       {&header.names, &header.cutab, &header.files, &header.pctab, &header.records}) {
    *offset = TRY(table.load<std::uint64_t>(word));
    if (*offset < previous || *offset > table.size())
      return fail(Errc::kMalformed,
                  fmt::format("pclntab: table at {:#x} is out of order", *offset));
    previous = *offset;
    word += sizeof(std::uint64_t);
  }
  header.functab = header.records;
  return {};
}

}  // namespace

const RecordLayout& record_layout(PclntabLayout layout) {
  return kRecordLayouts[static_cast<std::size_t>(layout)];
}

bool is_known_magic(std::uint64_t word) {
  return find_layout(static_cast<std::uint32_t>(word)) != nullptr;
}

Result<PclntabHeader> read_pclntab_header(const elf::Image& image, Vaddr address) {
  const ByteReader table(TRY(image.from(address)), "pclntab");
  const auto start = TRY(table.load<std::uint64_t>(0));
  if (!is_pclntab_magic(start)) return fail(Errc::kMalformed, "pclntab: wrong magic");
  const auto& layout = *find_layout(static_cast<std::uint32_t>(start));

  PclntabHeader header;
  header.layout = layout.layout;
  header.address = address;
  header.quantum = static_cast<std::uint8_t>(start >> 48U);
  if (header.quantum != quantum_of(image.machine()))
    return fail(Errc::kMalformed, "pclntab: made for another machine");
  header.function_count = TRY(table.load<std::uint64_t>(8));
  if (header.function_count == 0 || header.function_count > kMaxFunctions)
    return fail(Errc::kMalformed, fmt::format("pclntab: {} functions", header.function_count));

  if (layout.tables == 0) {
    header.functab = layout.size;
    header.files = TRY(table.load<std::uint32_t>(header.functab + header.functab_size()));
  } else {
    TRY_VOID(read_table_offsets(table, layout, header));
  }
  if (layout.text_start != 0) {
    header.text_start = TRY(image.pointer_at(address + layout.text_start));
    // go1.26 src/cmd/link/internal/ld/pcln.go: writePCHeader leaves it 0.
    if (header.text_start == 0 && header.layout == PclntabLayout::kGo120)
      header.layout = PclntabLayout::kGo126;
  }
  TRY(table.sub(header.functab, header.functab_size()));
  return header;
}

}  // namespace gomapd::go
