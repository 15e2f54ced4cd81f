// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/elf/image.h"

#include <elf.h>
#include <fmt/core.h>

#include <algorithm>

#include "probes/elf/notes.h"

namespace gomapd::elf {
namespace {

// The kernel runs no program with more than 64 KiB of program headers.
// linux v6.12 fs/binfmt_elf.c: load_elf_phdrs
constexpr std::uint64_t kMaxProgramHeaders = 65536 / sizeof(Elf64_Phdr);
constexpr std::uint64_t kMaxSections = 65535;
constexpr std::uint64_t kMaxDynamicEntries = 4096;
constexpr std::uint64_t kMaxSectionName = 256;

std::uint32_t relative_type(Machine machine) {
  switch (machine) {
    case Machine::kAmd64: return R_X86_64_RELATIVE;
    case Machine::kArm64: return R_AARCH64_RELATIVE;
    case Machine::kOther: break;
  }
  return 0;
}

Machine machine_of(const Elf64_Ehdr& header) {
  if (header.e_machine == EM_X86_64) return Machine::kAmd64;
  if (header.e_machine == EM_AARCH64) return Machine::kArm64;
  return Machine::kOther;
}

Result<Elf64_Ehdr> read_header(const ByteReader& file) {
  const auto header = TRY(file.load<Elf64_Ehdr>(0));
  if (std::memcmp(&header.e_ident, ELFMAG, SELFMAG) != 0)
    return fail(Errc::kMalformed, "elf: no ELF file");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
    return fail(Errc::kMalformed, "elf: not 64-bit little-endian");
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
    return fail(Errc::kMalformed, "elf: neither an executable nor a shared object");
  return header;
}

Result<std::vector<Elf64_Phdr>> read_program_headers(const ByteReader& file,
                                                     const Elf64_Ehdr& header) {
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 ||
      header.e_phnum > kMaxProgramHeaders)
    return fail(Errc::kMalformed, fmt::format("elf: {} program headers of {} bytes", header.e_phnum,
                                              header.e_phentsize));
  const ByteReader table(TRY(file.sub(header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr))),
                         "program headers");
  std::vector<Elf64_Phdr> headers(header.e_phnum);
  for (std::size_t i = 0; i < headers.size(); ++i)
    headers[i] = TRY(table.load<Elf64_Phdr>(i * sizeof(Elf64_Phdr)));
  return headers;
}

// A truncated file has shorter segments: what needs the missing part says so.
Bytes clamp(Bytes file, std::uint64_t offset, std::uint64_t size) {
  if (offset >= file.size()) return {};
  return file.subspan(offset, std::min<std::uint64_t>(size, file.size() - offset));
}

Result<std::vector<Segment>> read_segments(Bytes file, const std::vector<Elf64_Phdr>& headers) {
  std::vector<Segment> segments;
  std::uint64_t file_bytes = 0;
  for (const auto& header : headers) {
    if (header.p_type != PT_LOAD || header.p_memsz == 0) continue;
    if (header.p_filesz > header.p_memsz || !checked_add(header.p_vaddr, header.p_memsz))
      return fail(Errc::kMalformed,
                  fmt::format("elf: segment at {:#x} has impossible sizes", header.p_vaddr));
    const auto bytes = clamp(file, header.p_offset, header.p_filesz);
    file_bytes += bytes.size();
    segments.push_back({header.p_vaddr, header.p_memsz, header.p_filesz, header.p_offset, bytes,
                        (header.p_flags & PF_W) != 0, (header.p_flags & PF_X) != 0});
  }
  // Thousands of segments over the same bytes would make every scan of the
  // segments quadratic; linkers let them share a page at most.
  if (file_bytes > 2 * file.size())
    return fail(Errc::kMalformed, "elf: segments share too many bytes of the file");
  std::ranges::sort(segments, {}, &Segment::address);
  for (std::size_t i = 1; i < segments.size(); ++i) {
    const auto& before = segments[i - 1];
    if (segments[i].address - before.address < before.memory_size)
      return fail(Errc::kMalformed,
                  fmt::format("elf: segments overlap at {:#x}", segments[i].address));
  }
  return segments;
}

// Sections are a convenience: none at all when their table is damaged.
std::vector<Section> read_sections(const ByteReader& file, const Elf64_Ehdr& header) {
  if (header.e_shoff == 0 || header.e_shentsize != sizeof(Elf64_Shdr)) return {};
  const auto first = file.load<Elf64_Shdr>(header.e_shoff);
  if (!first) return {};
  const std::uint64_t count = header.e_shnum != 0 ? header.e_shnum : first->sh_size;
  const std::uint64_t names_index =
      header.e_shstrndx != SHN_XINDEX ? header.e_shstrndx : first->sh_link;
  if (count > kMaxSections || names_index >= count) return {};
  const auto bytes = file.sub(header.e_shoff, count * sizeof(Elf64_Shdr));
  if (!bytes) return {};

  const ByteReader table(*bytes, "section headers");
  const auto names_header = table.load<Elf64_Shdr>(names_index * sizeof(Elf64_Shdr));
  if (!names_header) return {};
  const ByteReader names(clamp(file.bytes(), names_header->sh_offset, names_header->sh_size),
                         "section names");
  std::vector<Section> sections;
  sections.reserve(count);
  for (std::uint64_t i = 1; i < count; ++i) {
    const auto section = table.load<Elf64_Shdr>(i * sizeof(Elf64_Shdr));
    if (!section) return {};
    const auto name = names.c_string(section->sh_name, kMaxSectionName);
    sections.push_back({name.value_or(std::string_view{}), section->sh_addr, section->sh_offset,
                        section->sh_size, section->sh_type});
  }
  return sections;
}

}  // namespace

Result<Image> Image::parse(Bytes file, GiveBack give_back) {
  const ByteReader reader(file, "elf");
  const auto header = TRY(read_header(reader));
  const auto program_headers = TRY(read_program_headers(reader, header));

  Image image;
  image.file_ = file;
  image.give_back_ = give_back;
  image.machine_ = machine_of(header);
  image.is_pie_ = header.e_type == ET_DYN;
  image.segments_ = TRY(read_segments(file, program_headers));
  image.sections_ = read_sections(reader, header);
  for (const auto& program_header : program_headers) {
    if (program_header.p_type != PT_NOTE) continue;
    prefer_build_id(clamp(file, program_header.p_offset, program_header.p_filesz), image.build_id_);
  }
  for (const auto& program_header : program_headers) {
    if (program_header.p_type != PT_DYNAMIC || !image.is_pie_) continue;
    TRY_VOID(image.read_relocations(program_header.p_vaddr, program_header.p_filesz));
    break;
  }
  return image;
}

Result<void> Image::read_relocations(Vaddr dynamic, std::uint64_t size) {
  const ByteReader table(TRY(at(dynamic, size)), "dynamic section");
  const auto count = std::min(size / sizeof(Elf64_Dyn), kMaxDynamicEntries);
  std::uint64_t rela = 0;
  std::uint64_t rela_size = 0;
  // DT_RELR needs nothing: its addends stand in place.
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto entry = TRY(table.load<Elf64_Dyn>(i * sizeof(Elf64_Dyn)));
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_RELA) rela = entry.d_un.d_ptr;
    if (entry.d_tag == DT_RELASZ) rela_size = entry.d_un.d_val;
  }
  if (rela_size == 0) return {};
  const auto bytes = at(rela, rela_size);
  if (!bytes) return add_context("relocations", bytes.error());
  relocations_ = TRY(Relocations::parse(*bytes, relative_type(machine_)));
  return {};
}

const Section* Image::find_section(std::string_view name) const {
  const auto found = std::ranges::find(sections_, name, &Section::name);
  return found == sections_.end() ? nullptr : &*found;
}

bool Image::has_symbol_table() const {
  // The first entry of a symbol table is always there and empty.
  return std::ranges::any_of(sections_, [](const Section& section) {
    return section.type == SHT_SYMTAB && section.size > sizeof(Elf64_Sym);
  });
}

bool Image::has_dwarf() const {
  return find_section(".debug_info") != nullptr || find_section(".zdebug_info") != nullptr;
}

const Segment* Image::segment_at(Vaddr address) const {
  const auto after = std::ranges::upper_bound(segments_, address, {}, &Segment::address);
  if (after == segments_.begin()) return nullptr;
  const auto& segment = *std::prev(after);
  return address - segment.address < segment.memory_size ? &segment : nullptr;
}

Result<Bytes> Image::from(Vaddr address) const {
  const auto* segment = segment_at(address);
  if (segment == nullptr || address - segment->address >= segment->bytes.size())
    return fail(Errc::kMalformed, fmt::format("elf: no bytes at address {:#x}", address));
  return segment->bytes.subspan(address - segment->address);
}

Result<Bytes> Image::at(Vaddr address, std::uint64_t length) const {
  const auto bytes = TRY(from(address));
  if (length > bytes.size())
    return fail(Errc::kMalformed, fmt::format("elf: needs {} bytes at address {:#x}, has {}",
                                              length, address, bytes.size()));
  return bytes.first(length);
}

Result<Vaddr> Image::pointer_at(Vaddr address) const {
  if (const auto addend = relocations_.addend_at(address)) return *addend;
  const auto* segment = segment_at(address);
  if (segment != nullptr && address - segment->address >= segment->file_size) return Vaddr{0};
  return ByteReader(TRY(at(address, sizeof(Vaddr))), "elf").load<Vaddr>(0);
}

std::optional<FileOffset> Image::file_offset(Vaddr address) const {
  const auto* segment = segment_at(address);
  if (segment == nullptr || address - segment->address >= segment->bytes.size())
    return std::nullopt;
  return segment->file_offset + (address - segment->address);
}

std::vector<Vaddr> Image::pointers_to(Vaddr target, std::size_t limit) const {
  std::vector<Vaddr> addresses;
  for (const auto& segment : segments_) {
    if (!segment.writable) continue;
    const auto skipped = (0 - segment.address) % sizeof(Vaddr);
    for (auto offset = skipped; offset + sizeof(Vaddr) <= segment.bytes.size();
         offset += sizeof(Vaddr)) {
      Vaddr word = 0;
      std::memcpy(&word, segment.bytes.data() + offset, sizeof(word));
      if (word != target) [[likely]]
        continue;
      if (addresses.size() == limit) return addresses;
      addresses.push_back(segment.address + offset);
    }
  }
  relocations_.find_targets(target, limit, addresses);
  return addresses;
}

}  // namespace gomapd::elf
