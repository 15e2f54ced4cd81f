// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/go/runtime_version.h"

#include <fmt/core.h>

#include <optional>
#include <string_view>

#include "probes/go/build_info.h"

namespace gomapd::go {
namespace {

constexpr std::uint64_t kWord = 8;
// "go1.9" to "go1.27.4 X:experiment,experiment": longer ones are no versions.
constexpr std::uint64_t kShortest = 5;
constexpr std::uint64_t kLongest = 128;

struct Releases {
  int first;
  int last;
};

// go1.16, go1.18, go1.20 and go1.26 changed the layout: src/debug/gosym/pclntab.go,
// src/runtime/symtab.go.
Releases releases_of(PclntabLayout layout) {
  constexpr int kOpenEnd = 1000;
  switch (layout) {
    case PclntabLayout::kGo12: return {2, 15};
    case PclntabLayout::kGo116: return {16, 17};
    case PclntabLayout::kGo118: return {18, 19};
    case PclntabLayout::kGo120: return {20, 25};
    case PclntabLayout::kGo126: break;
  }
  return {26, kOpenEnd};
}

// The string whose header, pointer and length, lies at `address`.
std::optional<std::string_view> string_at(const elf::Image& image, elf::Vaddr address,
                                          std::uint64_t length) {
  const auto pointer = image.pointer_at(address);
  if (!pointer || *pointer == 0) return std::nullopt;
  const auto text = image.at(*pointer, length);
  if (!text) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(text->data()), text->size());
}

}  // namespace

Result<std::string> find_build_version(const elf::Image& image, PclntabLayout layout) {
  const auto releases = releases_of(layout);
  std::string found;
  int found_minor = 0;
  for (const auto& segment : image.segments()) {
    if (!segment.writable) continue;
    const ByteReader words(segment.bytes, "data");
    for (std::uint64_t offset = 0; offset + 2 * kWord <= words.size(); offset += kWord) {
      const auto length = TRY(words.load<std::uint64_t>(offset + kWord));
      if (length < kShortest || length > kLongest) continue;
      const auto text = string_at(image, segment.address + offset, length);
      if (!text) continue;
      const auto version = parse_version(*text);
      if (!version || version->minor < releases.first || version->minor > releases.last) continue;
      if (!found.empty() && found_minor != version->minor)
        return fail(Errc::kUnsupported,
                    fmt::format("it names both {} and {} as its Go version", found, *text));
      found = *text;
      found_minor = version->minor;
    }
  }
  if (found.empty()) return fail(Errc::kNotFound, "it names no Go version");
  return found;
}

}  // namespace gomapd::go
