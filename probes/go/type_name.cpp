// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/go/type_name.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

namespace gomapd::go {
namespace {

constexpr std::uint8_t kFlagExtraStar = 2;
constexpr std::uint8_t kKindMask = 0x1f;
constexpr std::uint64_t kMaxName = 4096;
// Types within types that reflect made; a descriptor may point at itself.
constexpr int kMaxDepth = 6;
constexpr std::uint64_t kFirstPart = TypeRecord::kSize;  // of the composite types' own fields

constexpr std::array<std::string_view, kKindLast + 1> kKindNames = {
    "?",       "bool",      "int",        "int8",   "int16",  "int32",         "int64",
    "uint",    "uint8",     "uint16",     "uint32", "uint64", "uintptr",       "float32",
    "float64", "complex64", "complex128", "array",  "chan",   "func",          "interface",
    "map",     "ptr",       "slice",      "string", "struct", "unsafe.Pointer"};

struct NameBounds {
  Vaddr start = 0;
  std::uint64_t size = 0;
};

// go1.17 src/runtime/type.go: name.readvarint; go1.16 there: name.nameLen
Result<NameBounds> read_name_bounds(const ReadMemory& read, const TypeLayout& layout, Vaddr name) {
  if (!layout.varint_names) {
    const auto high = TRY(load_from<std::uint8_t>(read, name + 1));
    const auto low = TRY(load_from<std::uint8_t>(read, name + 2));
    return NameBounds{name + 3, (std::uint64_t{high} << 8U) | low};
  }
  NameBounds bounds{name + 1, 0};
  for (unsigned shift = 0; shift < 28; shift += 7) {
    const auto byte = TRY(load_from<std::uint8_t>(read, bounds.start++));
    bounds.size |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80U) == 0) return bounds;
  }
  return fail(Errc::kMalformed, "type: its name's length has too many bytes");
}

Result<std::string> read_name(const ReadMemory& read, const Moduledata& moduledata,
                              const TypeLayout& layout, const TypeRecord& type) {
  const auto name = moduledata.types + static_cast<std::uint64_t>(type.name_offset);
  const auto bounds = TRY(read_name_bounds(read, layout, name));
  if (bounds.start > moduledata.etypes || bounds.size > moduledata.etypes - bounds.start)
    return fail(Errc::kMalformed, "type: its name is not among the types");
  std::string text(std::min(bounds.size, kMaxName), '\0');
  if (!read(bounds.start, std::as_writable_bytes(std::span(text)), Content::kData))
    return fail(Errc::kMalformed, "type: its name can't be read");
  // One name serves T and *T. go1.27 src/internal/abi/type.go: TFlagExtraStar
  if ((type.flags & kFlagExtraStar) != 0 && text.starts_with('*')) text.erase(0, 1);
  if (text.empty()) return fail(Errc::kMalformed, "type: its name is empty");
  return text;
}

class Namer {
 public:
  Namer(const ReadMemory& read, const Moduledata& moduledata, const TypeLayout& layout)
      : read_(&read), moduledata_(&moduledata), layout_(&layout) {}

  [[nodiscard]] std::string name(Vaddr address, int depth) const {
    const auto type = read_type_record(*read_, address);
    if (!type) return "?";
    const bool in_file = address >= moduledata_->types && address < moduledata_->etypes;
    // reflect counts the names that it makes downwards from -1.
    // go1.27 src/runtime/type.go: reflectOffs
    if (in_file && type->name_offset > 0) {
      if (auto text = read_name(*read_, *moduledata_, *layout_, *type)) return *std::move(text);
    }
    if (depth == kMaxDepth) return "?";
    return spelled(*type, address, depth + 1);
  }

 private:
  [[nodiscard]] std::string part(Vaddr address, std::uint64_t offset, int depth) const {
    const auto pointer = load_pointer(*read_, address + offset);
    return pointer ? name(*pointer, depth) : "?";
  }

  [[nodiscard]] std::string spelled(const TypeRecord& type, Vaddr address, int depth) const {
    switch (type.kind) {
      case kKindGoMap:
        return fmt::format("map[{}]{}", part(address, kFirstPart, depth),
                           part(address, kFirstPart + 8, depth));
      case kKindPointer: return "*" + part(address, kFirstPart, depth);
      case kKindSlice: return "[]" + part(address, kFirstPart, depth);
      case kKindArray: {
        const auto length = load_from<std::uint64_t>(*read_, address + kFirstPart + 16);
        return fmt::format("[{}]{}", length.value_or(0), part(address, kFirstPart, depth));
      }
      default: return std::string(kKindNames[type.kind <= kKindLast ? type.kind : 0]);
    }
  }

  const ReadMemory* read_;
  const Moduledata* moduledata_;
  const TypeLayout* layout_;
};

}  // namespace

Result<TypeRecord> read_type_record(const ReadMemory& read, Vaddr address) {
  std::array<std::byte, TypeRecord::kSize> bytes{};
  if (!read(address, bytes, Content::kData)) return fail(Errc::kMalformed, "type: can't be read");
  const ByteReader reader(bytes, "type");
  TypeRecord type;
  type.size = TRY(reader.load<std::uint64_t>(0));
  type.flags = TRY(reader.load<std::uint8_t>(20));
  type.kind = TRY(reader.load<std::uint8_t>(23)) & kKindMask;
  type.name_offset = TRY(reader.load<std::int32_t>(40));
  return type;
}

std::string type_name(const ReadMemory& read, const Moduledata& moduledata,
                      const TypeLayout& layout, Vaddr address) {
  auto name = Namer(read, moduledata, layout).name(address, 0);
  if (name.size() > kMaxName) name.resize(kMaxName);
  return name;
}

}  // namespace gomapd::go
