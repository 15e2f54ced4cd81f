// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/elf/notes.h"

#include <elf.h>
#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace gomapd::elf {
namespace {

constexpr std::uint32_t kGnuBuildId = 3;
// go1.27 src/cmd/internal/buildid/note.go: elfGoBuildIDTag
constexpr std::uint32_t kGoBuildId = 4;
constexpr std::uint64_t kMaxBuildId = 256;
// Real files have fewer than ten notes.
constexpr int kMaxNotes = 64;

struct Note {
  std::uint32_t type = 0;
  std::string_view name;
  std::string_view description;
  std::uint64_t next = 0;
};

std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Notes of build ids are padded to four bytes. gABI: Note Section.
constexpr std::uint64_t padded(std::uint32_t size) {
  return (std::uint64_t{size} + 3) & ~3ULL;
}

Result<Note> read_note(const ByteReader& notes, std::uint64_t offset) {
  const auto header = TRY(notes.load<Elf64_Nhdr>(offset));
  const auto name_offset = offset + sizeof(header);
  const auto name = TRY(notes.sub(name_offset, header.n_namesz));
  const auto description_offset = name_offset + padded(header.n_namesz);
  const auto description = TRY(notes.sub(description_offset, header.n_descsz));
  return Note{header.n_type, as_text(name), as_text(description),
              description_offset + padded(header.n_descsz)};
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

}  // namespace

void prefer_build_id(Bytes bytes, std::string& build_id) {
  using std::string_view_literals::operator""sv;
  const ByteReader notes(bytes, "notes");
  std::uint64_t offset = 0;
  for (int i = 0; i < kMaxNotes; ++i) {
    const auto note = read_note(notes, offset);
    if (!note) return;
    offset = note->next;
    if (note->description.empty() || note->description.size() > kMaxBuildId) continue;
    if (note->name == "GNU\0"sv && note->type == kGnuBuildId) {
      build_id = hex(note->description);
      return;
    }
    if (note->name == "Go\0\0"sv && note->type == kGoBuildId && build_id.empty() &&
        is_printable(note->description))
      build_id = note->description;
  }
}

}  // namespace gomapd::elf
