// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/base/bytes.h"
#include "probes/elf/relocations.h"

namespace gomapd::elf {

// An address as the file states it, before any load bias.
using Vaddr = std::uint64_t;
// An offset from the start of the file: what the kernel's uprobes want.
using FileOffset = std::uint64_t;

enum class Machine : std::uint8_t { kAmd64, kArm64, kOther };

// One PT_LOAD, cut to the bytes that the file really holds.
struct Segment {
  Vaddr address;
  std::uint64_t memory_size;
  std::uint64_t file_size;  // as the header states it; memory beyond it starts as 0
  FileOffset file_offset;
  Bytes bytes;  // file-backed part; shorter than file_size in a truncated file
  bool writable;
  bool executable;
};

struct Section {
  std::string_view name;
  Vaddr address;
  FileOffset file_offset;
  std::uint64_t size;
  std::uint32_t type;
};

// A parsed 64-bit little-endian ELF executable or shared object. Copies are
// cheap: they share the file's bytes.
// Borrows the file's bytes; they must outlive the image. Section headers are a
// convenience that may be missing or lie; only program headers are relied on.
class Image {
 public:
  // Fails with kMalformed on anything that is no such ELF. Never reads past
  // `file`.
  [[nodiscard]] static Result<Image> parse(Bytes file, GiveBack give_back = nullptr);

  [[nodiscard]] Machine machine() const { return machine_; }
  // ET_DYN: addresses need a load bias.
  [[nodiscard]] bool is_pie() const { return is_pie_; }
  [[nodiscard]] Bytes file() const { return file_; }
  [[nodiscard]] std::span<const Segment> segments() const { return segments_; }
  [[nodiscard]] std::span<const Section> sections() const { return sections_; }
  [[nodiscard]] const Section* find_section(std::string_view name) const;
  // Has a .symtab with entries.
  [[nodiscard]] bool has_symbol_table() const;
  // Has .debug_info or .zdebug_info.
  [[nodiscard]] bool has_dwarf() const;
  // GNU build id in hex, else Go's own (the note's text), else empty.
  [[nodiscard]] const std::string& build_id() const { return build_id_; }

  // `length` file-backed bytes at `address`; an error when a part of them is
  // not in one segment's file image.
  [[nodiscard]] Result<Bytes> at(Vaddr address, std::uint64_t length) const;
  // All file-backed bytes from `address` to its segment's end.
  [[nodiscard]] Result<Bytes> from(Vaddr address) const;
  // The pointer-sized word at `address` as the loader leaves it, less the load
  // bias: the addend of a RELATIVE relocation where there is one (lld leaves 0
  // in the file), else the file's own word, else the 0 of .bss.
  [[nodiscard]] Result<Vaddr> pointer_at(Vaddr address) const;
  [[nodiscard]] std::optional<FileOffset> file_offset(Vaddr address) const;
  // The segment whose memory holds `address`, if there is one.
  [[nodiscard]] const Segment* segment_at(Vaddr address) const;
  // Addresses of aligned words in writable segments that hold a pointer to
  // `target` once loaded; at most `limit` of them. Reads all writable data.
  [[nodiscard]] std::vector<Vaddr> pointers_to(Vaddr target, std::size_t limit) const;

  // So much is read at a time by who reads a whole segment, and then given back: files
  // are large.
  static constexpr std::uint64_t kReadAtATime = 1U << 20U;
  void give_back(Bytes bytes) const {
    if (give_back_ != nullptr) give_back_(bytes);
  }

 private:
  Result<void> read_relocations(Vaddr dynamic, std::uint64_t size);

  Bytes file_;
  GiveBack give_back_ = nullptr;
  Machine machine_ = Machine::kOther;
  bool is_pie_ = false;
  std::vector<Segment> segments_;  // by address, not overlapping
  std::vector<Section> sections_;
  Relocations relocations_;
  std::string build_id_;
};

}  // namespace gomapd::elf
