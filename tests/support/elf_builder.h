// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gomapd::test {

// Declares a small ELF file:
//
//   const auto file = ElfBuilder().text(0x401000, code).data(0x402000, bytes).build();
//
// Without further words it is an amd64 ET_EXEC without sections.
class ElfBuilder {
 public:
  ElfBuilder& machine(std::uint16_t machine);
  ElfBuilder& pie();  // ET_DYN
  ElfBuilder& segment(std::uint64_t address, std::uint32_t flags, std::vector<std::byte> bytes,
                      std::uint64_t memory_size = 0);
  ElfBuilder& text(std::uint64_t address, std::vector<std::byte> bytes);    // R E
  ElfBuilder& rodata(std::uint64_t address, std::vector<std::byte> bytes);  // R
  ElfBuilder& data(std::uint64_t address, std::vector<std::byte> bytes);    // RW
  // A section over bytes of a segment.
  ElfBuilder& section(std::string name, std::uint64_t address, std::uint64_t size,
                      std::uint32_t type = 1);
  ElfBuilder& note(std::string name, std::uint32_t type, std::vector<std::byte> description);
  // A RELATIVE relocation, in the order of the calls; of `type` if that is given.
  ElfBuilder& relocation(std::uint64_t address, std::uint64_t addend, std::uint32_t type = 0);

  [[nodiscard]] std::vector<std::byte> build() const;

 private:
  struct Segment {
    std::uint64_t address;
    std::uint32_t flags;
    std::vector<std::byte> bytes;
    std::uint64_t memory_size;
  };
  struct Section {
    std::string name;
    std::uint64_t address;
    std::uint64_t size;
    std::uint32_t type;
  };
  struct Relocation {
    std::uint64_t address;
    std::uint64_t addend;
    std::uint32_t type;
  };

  std::uint16_t machine_ = 62;  // EM_X86_64
  std::uint16_t type_ = 2;      // ET_EXEC
  std::vector<Segment> segments_;
  std::vector<Section> sections_;
  std::vector<Relocation> relocations_;
  std::vector<std::byte> notes_;
};

}  // namespace gomapd::test
