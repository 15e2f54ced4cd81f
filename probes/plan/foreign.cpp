// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/plan/foreign.h"

#include <elf.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace gomapd {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  std::string_view what;
};

// Mach-O: xnu EXTERNAL_HEADERS/mach-o/loader.h, fat.h; java's class files share
// the last. Archives: <ar.h>.
constexpr std::array<Magic, 8> kMagics = {{
    {"#!"sv, "a script, not a Go program: name the program that it starts"sv},
    {"MZ"sv, "a Windows program (PE), no ELF file: it does not run on Linux"sv},
    {"\xcf\xfa\xed\xfe"sv, "a macOS program (Mach-O), no ELF file: it does not run on Linux"sv},
    {"\xce\xfa\xed\xfe"sv, "a macOS program (Mach-O), no ELF file: it does not run on Linux"sv},
    {"\xfe\xed\xfa\xcf"sv, "a macOS program (Mach-O), no ELF file: it does not run on Linux"sv},
    {"\xfe\xed\xfa\xce"sv, "a macOS program (Mach-O), no ELF file: it does not run on Linux"sv},
    {"\xca\xfe\xba\xbe"sv, "a macOS program (Mach-O) or a Java class, no ELF file"sv},
    {"!<arch>\n"sv, "an archive, not a program: name the program that it was linked into"sv},
}};

bool starts_with(Bytes file, std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return file.size() >= bytes.size() && std::ranges::equal(file.first(bytes.size()), bytes);
}

Result<void> refuse_foreign_elf(Bytes file) {
  const ByteReader reader(file, "elf");
  if (file.size() < EI_NIDENT) return {};
  if (file[EI_CLASS] == std::byte{ELFCLASS32})
    return fail(Errc::kNotGo, "a 32-bit ELF file: what can be traced is 64-bit programs");
  if (file[EI_DATA] == std::byte{ELFDATA2MSB})
    return fail(Errc::kNotGo, "a big-endian ELF file: it does not run on this machine");
  const auto type = reader.load<std::uint16_t>(offsetof(Elf64_Ehdr, e_type));
  if (type && *type == ET_REL)
    return fail(Errc::kNotGo, "an object file, not a program: name the program it was linked into");
  if (type && *type == ET_CORE)
    return fail(Errc::kNotGo, "a core file, not a program: name the program that left it");
  return {};
}

}  // namespace

Result<void> refuse_foreign(Bytes file) {
  for (const auto& magic : kMagics)
    if (starts_with(file, magic.bytes)) return fail(Errc::kNotGo, std::string(magic.what));
  if (starts_with(file, ELFMAG)) return refuse_foreign_elf(file);
  return {};
}

// UPX src/stub/src/include/linux.h: l_info, with its magic at +4, follows the
// program headers; src/packhead.cpp: a PackHeader of at most 32 bytes ends the
// file but for the offset of what it describes.
bool is_packed_by_upx(Bytes file) {
  constexpr std::string_view kMagic = "UPX!";
  constexpr std::size_t kStart = 1024;
  constexpr std::size_t kEnd = 64;
  const auto magic = std::as_bytes(std::span(kMagic));
  const auto holds = [&](Bytes part) { return !std::ranges::search(part, magic).empty(); };
  return holds(file.first(std::min(file.size(), kStart))) ||
         holds(file.last(std::min(file.size(), kEnd)));
}

}  // namespace gomapd
