// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/go/build_info.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "probes/go/quoted.h"

namespace gomapd::go {
namespace {

using std::string_view_literals::operator""sv;

// go1.27 src/debug/buildinfo/buildinfo.go: readRawBuildInfo
constexpr auto kMagic = "\xff Go buildinf:"sv;
constexpr std::uint64_t kAlignment = 16;
constexpr std::uint64_t kHeaderSize = 32;
constexpr std::uint64_t kPointerSizeOffset = 14;
constexpr std::uint64_t kFlagsOffset = 15;
constexpr std::uint8_t kFlagInline = 2;
constexpr std::uint8_t kFlagBigEndian = 1;
// src/cmd/go/internal/modload/build.go: infoStart, infoEnd
constexpr std::size_t kSentinelSize = 16;

constexpr std::uint64_t kMaxVersion = 256;
// Kubernetes, with a thousand modules, has some 100 KiB.
constexpr std::uint64_t kMaxModuleInfo = 4U << 20U;
constexpr std::size_t kMaxSettings = 256;
// Programs that read build info hold its magic, too.
constexpr int kMaxCandidates = 64;

struct RawBuildInfo {
  std::string_view version;
  std::string_view modules;
};

std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::unexpected<Error> refuse(std::string_view why) {
  return fail(Errc::kMalformed, fmt::format("build info: {}", why));
}

Result<std::string_view> read_inline_string(const ByteReader& bytes, std::uint64_t& offset,
                                            std::uint64_t max_size) {
  std::uint64_t size = 0;
  for (unsigned shift = 0;; shift += 7) {
    if (shift > 28) return refuse("a string's length has too many bytes");
    const auto byte = TRY(bytes.load<std::uint8_t>(offset++));
    size |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80U) == 0) break;
  }
  if (size > max_size) return refuse("a string is too long");
  const auto text = TRY(bytes.sub(offset, size));
  offset += size;
  return as_text(text);
}

Result<std::string_view> read_string_at(const elf::Image& image, elf::Vaddr pointer,
                                        std::uint64_t max_size) {
  const auto header = TRY(image.pointer_at(pointer));
  // Without modules the pointer is nil, or the string is empty.
  if (header == 0) return std::string_view{};
  const auto data = TRY(image.pointer_at(header));
  const auto size = TRY(image.pointer_at(header + 8));
  if (size == 0) return std::string_view{};
  if (size > max_size) return refuse("a string is too long");
  return as_text(TRY(image.at(data, size)));
}

Result<RawBuildInfo> read_raw(const elf::Image& image, elf::Vaddr address) {
  const ByteReader bytes(TRY(image.from(address)), "build info");
  const auto header = TRY(bytes.sub(0, kHeaderSize));
  if (!as_text(header).starts_with(kMagic)) return refuse("wrong magic");
  const auto flags = std::to_integer<std::uint8_t>(header[kFlagsOffset]);
  RawBuildInfo info;
  if ((flags & kFlagInline) != 0) {
    auto offset = kHeaderSize;
    info.version = TRY(read_inline_string(bytes, offset, kMaxVersion));
    info.modules = TRY(read_inline_string(bytes, offset, kMaxModuleInfo));
  } else {
    if (header[kPointerSizeOffset] != std::byte{8} || (flags & kFlagBigEndian) != 0)
      return refuse("made for another machine");
    info.version = TRY(read_string_at(image, address + 16, kMaxVersion));
    info.modules = TRY(read_string_at(image, address + 24, kMaxModuleInfo));
  }
  if (info.version.empty()) return refuse("no version");
  return info;
}

std::vector<elf::Vaddr> find_candidates(const elf::Image& image) {
  std::vector<elf::Vaddr> candidates;
  for (const bool writable : {true, false}) {  // the linker's own is writable
    for (const auto& segment : image.segments()) {
      if (segment.writable != writable || candidates.size() >= kMaxCandidates) continue;
      const auto text = as_text(segment.bytes);
      auto offset = (0 - segment.address) % kAlignment;
      for (; offset + kHeaderSize <= text.size(); offset += kAlignment) {
        if (text[offset] != kMagic[0] || text.compare(offset, kMagic.size(), kMagic) != 0) continue;
        candidates.push_back(segment.address + offset);
        if (candidates.size() >= kMaxCandidates) break;
      }
    }
  }
  return candidates;
}

// A line "key=value", either side quoted if it holds odd characters.
// go1.27 src/runtime/debug/mod.go: ParseBuildInfo
std::optional<BuildInfo::Setting> parse_setting(std::string_view line) {
  BuildInfo::Setting setting;
  auto rest = line;
  if (auto key = take_quoted(rest)) {
    setting.key = *std::move(key);
    if (!rest.starts_with('=')) return std::nullopt;
    rest.remove_prefix(1);
  } else {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) return std::nullopt;
    setting.key = line.substr(0, equals);
    rest = line.substr(equals + 1);
  }
  const auto raw = rest;
  auto value = take_quoted(rest);
  setting.value = value ? *std::move(value) : std::string(raw);
  return setting;
}

void parse_modules(std::string_view text, BuildInfo& info) {
  constexpr auto kPath = "path\t"sv;
  constexpr auto kBuild = "build\t"sv;
  if (text.size() < 2 * kSentinelSize + 1 || text[text.size() - kSentinelSize - 1] != '\n') return;
  text = text.substr(kSentinelSize, text.size() - 2 * kSentinelSize);
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.starts_with(kPath)) info.path = line.substr(kPath.size());
    if (!line.starts_with(kBuild) || info.settings.size() == kMaxSettings) continue;
    if (auto setting = parse_setting(line.substr(kBuild.size())))
      info.settings.push_back(*std::move(setting));
  }
}

BuildInfo parse(const RawBuildInfo& raw) {
  BuildInfo info;
  info.version = raw.version;
  parse_modules(raw.modules, info);
  return info;
}

// Takes a number of at most four digits from the front of `text`.
std::optional<int> take_number(std::string_view& text) {
  int number = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    if (digits == 4) return std::nullopt;
    number = number * 10 + (text[digits] - '0');
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return number;
}

// What may follow the numbers of a release: an end, GOEXPERIMENTs (" X:",
// "-X:"), a pre-release, a vendor's or a BoringCrypto suffix ("b7").
bool is_version_end(std::string_view rest) {
  if (rest.empty() || rest[0] == ' ' || rest[0] == '-' || rest[0] == '+') return true;
  constexpr std::array<std::string_view, 3> kSuffixes = {"rc", "beta", "b"};
  for (auto suffix : kSuffixes) {
    auto tail = rest;
    if (!tail.starts_with(suffix)) continue;
    tail.remove_prefix(suffix.size());
    if (take_number(tail) && (tail.empty() || tail[0] == ' ' || tail[0] == '-')) return true;
  }
  return false;
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) {
  constexpr auto kDevel = "devel "sv;
  constexpr auto kRelease = "go1."sv;
  if (text.starts_with(kDevel)) text.remove_prefix(kDevel.size());
  if (!text.starts_with(kRelease)) return std::nullopt;
  text.remove_prefix(kRelease.size());
  Version version;
  const auto minor = take_number(text);
  if (!minor) return std::nullopt;
  version.minor = *minor;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const auto patch = take_number(text);
    if (!patch) return std::nullopt;
    version.patch = *patch;
  }
  if (!is_version_end(text)) return std::nullopt;
  return version;
}

const std::string* BuildInfo::setting(std::string_view key) const {
  const auto found = std::ranges::find(settings, key, &Setting::key);
  return found == settings.end() ? nullptr : &found->value;
}

Result<BuildInfo> read_build_info(const elf::Image& image) {
  Error last{Errc::kNotGo, "build info: there is none"};
  const auto* section = image.find_section(".go.buildinfo");
  if (section != nullptr) {
    const auto raw = read_raw(image, section->address);
    if (raw) return parse(*raw);
    last = raw.error();
  }
  for (const auto address : find_candidates(image))
    if (const auto raw = read_raw(image, address)) return parse(*raw);
  return std::unexpected(last);
}

}  // namespace gomapd::go
