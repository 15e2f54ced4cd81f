// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/support/elf_builder.h"

#include <elf.h>

#include <utility>

#include "tests/support/byte_writer.h"

namespace gomapd::test {
namespace {

// Above everything that tests use for themselves.
constexpr std::uint64_t kDynamicAddress = 0x7000'0000;

}  // namespace

ElfBuilder& ElfBuilder::machine(std::uint16_t machine) {
  machine_ = machine;
  return *this;
}

ElfBuilder& ElfBuilder::pie() {
  type_ = ET_DYN;
  return *this;
}

ElfBuilder& ElfBuilder::segment(std::uint64_t address, std::uint32_t flags,
                                std::vector<std::byte> bytes, std::uint64_t memory_size) {
  const auto size = memory_size == 0 ? bytes.size() : memory_size;
  segments_.push_back({address, flags, std::move(bytes), size});
  return *this;
}

ElfBuilder& ElfBuilder::text(std::uint64_t address, std::vector<std::byte> bytes) {
  return segment(address, PF_R | PF_X, std::move(bytes));
}

ElfBuilder& ElfBuilder::rodata(std::uint64_t address, std::vector<std::byte> bytes) {
  return segment(address, PF_R, std::move(bytes));
}

ElfBuilder& ElfBuilder::data(std::uint64_t address, std::vector<std::byte> bytes) {
  return segment(address, PF_R | PF_W, std::move(bytes));
}

ElfBuilder& ElfBuilder::section(std::string name, std::uint64_t address, std::uint64_t size,
                                std::uint32_t type) {
  sections_.push_back({std::move(name), address, size, type});
  return *this;
}

ElfBuilder& ElfBuilder::note(std::string name, std::uint32_t type,
                             std::vector<std::byte> description) {
  ByteWriter note;
  note.bytes(notes_);
  note.put(static_cast<std::uint32_t>(name.size()));
  note.put(static_cast<std::uint32_t>(description.size())).put(type);
  note.text(name).align(4).bytes(description).align(4);
  notes_ = note.data();
  return *this;
}

ElfBuilder& ElfBuilder::relocation(std::uint64_t address, std::uint64_t addend,
                                   std::uint32_t type) {
  const std::uint32_t relative = machine_ == EM_AARCH64 ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE;
  relocations_.push_back({address, addend, type == 0 ? relative : type});
  return *this;
}

// Header, program headers, segments, notes, section names, section headers.
std::vector<std::byte> ElfBuilder::build() const {
  auto segments = segments_;
  if (!relocations_.empty()) {
    ByteWriter dynamic;
    constexpr auto kTableOffset = 3 * sizeof(Elf64_Dyn);
    const auto table_size = relocations_.size() * sizeof(Elf64_Rela);
    dynamic.put(Elf64_Dyn{DT_RELA, {kDynamicAddress + kTableOffset}});
    dynamic.put(Elf64_Dyn{DT_RELASZ, {table_size}});
    dynamic.put(Elf64_Dyn{DT_NULL, {0}});
    for (const auto& entry : relocations_)
      dynamic.put(Elf64_Rela{entry.address, entry.type, static_cast<Elf64_Sxword>(entry.addend)});
    segments.push_back({kDynamicAddress, PF_R, dynamic.data(), dynamic.size()});
  }

  std::vector<Elf64_Phdr> headers;
  const auto extra = (relocations_.empty() ? 0U : 1U) + (notes_.empty() ? 0U : 1U);
  const auto header_count = segments.size() + extra;
  ByteWriter contents;
  const auto contents_offset = sizeof(Elf64_Ehdr) + header_count * sizeof(Elf64_Phdr);
  for (const auto& segment : segments) {
    contents.align(8);
    headers.push_back({PT_LOAD, segment.flags, contents_offset + contents.size(), segment.address,
                       segment.address, segment.bytes.size(), segment.memory_size, 8});
    contents.bytes(segment.bytes);
  }
  if (!relocations_.empty()) {
    auto dynamic = headers.back();
    dynamic.p_type = PT_DYNAMIC;
    dynamic.p_filesz = dynamic.p_memsz = 3 * sizeof(Elf64_Dyn);
    headers.push_back(dynamic);
  }
  if (!notes_.empty()) {
    contents.align(4);
    headers.push_back(
        {PT_NOTE, PF_R, contents_offset + contents.size(), 0, 0, notes_.size(), notes_.size(), 4});
    contents.bytes(notes_);
  }

  ByteWriter names;
  names.put('\0');
  std::vector<Elf64_Shdr> sections(1);
  for (const auto& section : sections_) {
    Elf64_Shdr header{};
    header.sh_name = static_cast<Elf64_Word>(names.size());
    header.sh_type = section.type;
    header.sh_addr = section.address;
    header.sh_size = section.size;
    for (const auto& segment : headers)
      if (section.address - segment.p_vaddr < segment.p_memsz)
        header.sh_offset = segment.p_offset + (section.address - segment.p_vaddr);
    names.c_string(section.name);
    sections.push_back(header);
  }

  Elf64_Ehdr header{};
  std::memcpy(&header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = type_;
  header.e_machine = machine_;
  header.e_version = EV_CURRENT;
  header.e_phoff = sizeof(Elf64_Ehdr);
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = static_cast<Elf64_Half>(headers.size());
  if (!sections_.empty()) {
    Elf64_Shdr strings{};
    strings.sh_name = static_cast<Elf64_Word>(names.size());
    strings.sh_type = SHT_STRTAB;
    strings.sh_offset = contents_offset + contents.size();
    names.c_string(".shstrtab");
    strings.sh_size = names.size();
    contents.bytes(names.data()).align(8);
    header.e_shoff = contents_offset + contents.size();
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<Elf64_Half>(sections.size() + 1);
    header.e_shstrndx = static_cast<Elf64_Half>(sections.size());
    sections.push_back(strings);
    for (const auto& section : sections) contents.put(section);
  }

  ByteWriter file;
  file.put(header);
  for (const auto& program_header : headers) file.put(program_header);
  file.bytes(contents.data());
  return file.data();
}

}  // namespace gomapd::test
