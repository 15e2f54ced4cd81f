// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/fuzz/fuzz_targets.h"

#include <algorithm>

#include "probes/go/build_info.h"
#include "probes/go/pclntab.h"
#include "probes/go/types.h"

namespace gomapd::fuzz {
namespace {

// What is computed must not be optimised away.
void use(std::uint64_t value) {
  asm volatile("" : : "r"(value));
}

void use_image(const elf::Image& image) {
  for (const auto& section : image.sections()) {
    use(section.name.size());
    if (const auto bytes = image.at(section.address, section.size)) use(bytes->size());
  }
  for (const auto& segment : image.segments()) {
    use(image.file_offset(segment.address).value_or(0));
    use(image.pointers_to(segment.address, 16).size());
    const auto end = segment.address + segment.memory_size;
    for (const auto address : {segment.address, segment.address + 1, end - 8, end - 1, end})
      use(image.pointer_at(address).value_or(0));
  }
  use(image.has_symbol_table() || image.has_dwarf());
}

void use_function(const go::Pclntab& table, const go::Function& function) {
  for (const auto pc : {function.entry, function.entry + (function.end - function.entry) / 2}) {
    for (const auto& frame : table.frames_at(pc))
      use(frame.function.size() + frame.file.size() + static_cast<std::uint64_t>(frame.line));
  }
  use(table.inlined_in(function, [](std::string_view name) { return !name.empty(); }).size());
}

}  // namespace

int fuzz_elf(Bytes input) {
  if (const auto image = elf::Image::parse(input)) use_image(*image);
  return 0;
}

int fuzz_pclntab(Bytes input) {
  const auto image = elf::Image::parse(input);
  if (!image) return 0;
  const auto table = go::Pclntab::find(*image);
  if (!table) return 0;
  constexpr std::uint32_t kMaxFunctions = 64;
  for (std::uint32_t i = 0; i < std::min(table->function_count(), kMaxFunctions); ++i)
    use_function(*table, table->function(i));
  table->for_each([](const go::Function& function) { use(function.name.size()); });
  return 0;
}

int fuzz_build_info(Bytes input) {
  const auto image = elf::Image::parse(input);
  if (!image) return 0;
  if (const auto info = go::read_build_info(*image)) {
    use(static_cast<std::uint64_t>(go::parse_version(info->version).value_or(go::Version{}).minor));
    use(info->settings.size());
  }
  return 0;
}

int fuzz_types(Bytes input) {
  constexpr elf::Vaddr kBase = 0x10000;
  const ByteReader memory(input, "memory");
  const go::ReadMemory read = [&](elf::Vaddr address, std::span<std::byte> out, go::Content) {
    if (address < kBase) return false;
    const auto bytes = memory.sub(address - kBase, out.size());
    if (bytes) std::ranges::copy(*bytes, out.begin());
    return bytes.has_value();
  };
  go::Moduledata moduledata;
  moduledata.types = kBase;
  moduledata.etypes = kBase + input.size();
  for (const auto design : {go::Design::kClassic, go::Design::kSwiss}) {
    for (const bool is_new : {false, true}) {
      const auto type = go::read_map_type(read, moduledata, {design, is_new, is_new}, kBase);
      if (type) use(type->name.size() + type->unit_bytes);
    }
  }
  return 0;
}

}  // namespace gomapd::fuzz
