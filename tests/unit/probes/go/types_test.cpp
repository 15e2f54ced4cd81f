// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/go/types.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/byte_writer.h"

namespace gomapd::go {
namespace {

constexpr Vaddr kTypes = 0x10000;
constexpr Vaddr kNames = kTypes + 0x400;
constexpr Vaddr kEnd = kTypes + 0x4000;
constexpr Vaddr kHeap = kEnd + 0x100;  // outside [types, etypes)

// A process' memory with type records, and names at kNames.
class Memory {
 public:
  Memory() { bytes_.put_at(0x8000, std::uint8_t{0}); }

  // A record's common part. `name` 0: none.
  Memory& type(Vaddr at, std::uint8_t kind, std::uint64_t size, Vaddr name = 0,
               std::uint8_t flags = 0) {
    const auto offset = at - kTypes;
    bytes_.put_at(offset, size).put_at(offset + 20, flags).put_at(offset + 23, kind);
    bytes_.put_at(offset + 40, name == 0 ? -1 : static_cast<std::int32_t>(name - kTypes));
    return *this;
  }
  template <typename T>
  Memory& put(Vaddr at, T value) {
    bytes_.put_at(at - kTypes, value);
    return *this;
  }
  Memory& varint_name(Vaddr at, std::string_view name) {
    test::ByteWriter record;
    record.put(std::uint8_t{0}).varint(name.size()).text(name);
    return copy(at, record.data());
  }
  Memory& two_byte_name(Vaddr at, std::string_view name) {
    test::ByteWriter record;
    record.put(std::uint8_t{0}).put(static_cast<std::uint8_t>(name.size() >> 8U));
    record.put(static_cast<std::uint8_t>(name.size())).text(name);
    return copy(at, record.data());
  }

  [[nodiscard]] Result<GoMapType> read(const TypeLayout& layout, Vaddr at = kTypes) const {
    const ByteReader reader(Bytes(bytes_.data()).first(readable_), "memory");
    Moduledata moduledata;
    moduledata.types = kTypes;
    moduledata.etypes = kEnd;
    return read_map_type(
        [&](Vaddr address, std::span<std::byte> out, Content) {
          if (address < kTypes) return false;
          const auto bytes = reader.sub(address - kTypes, out.size());
          if (bytes) std::ranges::copy(*bytes, out.begin());
          return bytes.has_value();
        },
        moduledata, layout, at);
  }
  void cut(std::size_t readable) { readable_ = readable; }

 private:
  Memory& copy(Vaddr at, const std::vector<std::byte>& record) {
    for (std::size_t i = 0; i < record.size(); ++i) bytes_.put_at(at - kTypes + i, record[i]);
    return *this;
  }

  test::ByteWriter bytes_;
  std::size_t readable_ = 0x8001;
};

constexpr TypeLayout kClassic{Design::kClassic, true, false};
constexpr TypeLayout kSwiss{Design::kSwiss, true, false};
constexpr TypeLayout kSwiss27{Design::kSwiss, true, true};

constexpr std::uint8_t kKindInt = 2;
constexpr std::uint8_t kKindOfGoMap = 21;

// map[int]uint16 at `at`
Memory classic(Vaddr at = kTypes) {
  Memory memory;
  memory.type(at, kKindOfGoMap, 8, kNames, 2).varint_name(kNames, "*map[int]uint16");
  memory.put<std::uint8_t>(at + 80, 8).put<std::uint8_t>(at + 81, 2);
  memory.put<std::uint16_t>(at + 82, 96);
  return memory;
}

// map[int]uint16, its key and element types at kTypes + 0x100, + 0x180.
Memory swiss() {
  Memory memory = classic();
  memory.put(kTypes + 48, kTypes + 0x100).put(kTypes + 56, kTypes + 0x180);
  memory.type(kTypes + 0x100, kKindInt, 8).type(kTypes + 0x180, 9, 2);
  memory.put<std::uint64_t>(kTypes + 80, 136);
  memory.put<std::uint64_t>(kTypes + 88, 16).put<std::uint64_t>(kTypes + 96, 8);
  return memory.put<std::uint64_t>(kTypes + 104, 0);
}

TEST(MapType, ReadsAClassicRecord) {
  const auto type = classic().read(kClassic);
  ASSERT_TRUE(type) << type.error().context;
  EXPECT_EQ(type->name, "map[int]uint16");
  EXPECT_EQ(type->design, Design::kClassic);
  EXPECT_EQ(type->key_slot_bytes, 8U);
  EXPECT_EQ(type->elem_slot_bytes, 2U);
  EXPECT_EQ(type->unit_bytes, 96U);
}

TEST(MapType, ReadsASwissRecord) {
  const auto type = swiss().read(kSwiss);
  ASSERT_TRUE(type) << type.error().context;
  EXPECT_EQ(type->key_slot_bytes, 8U);
  EXPECT_EQ(type->elem_slot_bytes, 2U);
  EXPECT_EQ(type->unit_bytes, 136U);
}

TEST(MapType, ReadsBothGroupLayoutsOfGo127) {
  auto memory = swiss();
  memory.put<std::uint64_t>(kTypes + 88, 8).put<std::uint64_t>(kTypes + 96, 16);
  memory.put<std::uint64_t>(kTypes + 104, 16).put<std::uint64_t>(kTypes + 112, 16);
  EXPECT_TRUE(memory.read(kSwiss27));
  // GOEXPERIMENT=mapsplitgroup: eight keys, then eight elements.
  memory.put<std::uint64_t>(kTypes + 80, 88).put<std::uint64_t>(kTypes + 96, 8);
  memory.put<std::uint64_t>(kTypes + 104, 72).put<std::uint64_t>(kTypes + 112, 2);
  const auto type = memory.read(kSwiss27);
  ASSERT_TRUE(type) << type.error().context;
  EXPECT_EQ(type->unit_bytes, 88U);
}

TEST(MapType, CountsSlotsThatArePointers) {
  auto memory = swiss();
  memory.type(kTypes + 0x100, 17, 4096).put<std::uint32_t>(kTypes + 104, 4);
  EXPECT_EQ(memory.read(kSwiss).value().key_slot_bytes, 8U);
  memory.put<std::uint32_t>(kTypes + 104, 0);
  EXPECT_FALSE(memory.read(kSwiss));
}

TEST(MapType, KnowsTheKindByteOfAllReleases) {
  auto memory = classic();
  EXPECT_TRUE(memory.put<std::uint8_t>(kTypes + 23, 53).read(kClassic));  // direct-iface bit
  EXPECT_EQ(memory.put<std::uint8_t>(kTypes + 23, 22).read(kClassic).error().code,
            Errc::kMalformed);
}

TEST(MapType, ReadsTwoByteNames) {
  auto memory = classic();
  const auto name = "*map[" + std::string(300, 'k') + "]int";
  memory.two_byte_name(kNames, name);
  EXPECT_EQ(memory.read({Design::kClassic, false, false}).value().name, name.substr(1));
}

TEST(MapType, KeepsTheStarOfARealPointersName) {
  auto memory = classic();
  memory.type(kTypes, kKindOfGoMap, 8, kNames, 0);
  EXPECT_EQ(memory.read(kClassic).value().name, "*map[int]uint16");
}

TEST(MapType, CutsLongNames) {
  auto memory = classic();
  memory.varint_name(kNames, std::string(6000, 'x'));
  EXPECT_EQ(memory.read(kClassic).value().name.size(), 4096U);
}

TEST(MapType, NamesTypesOfReflectByTheirParts) {
  auto memory = classic(kHeap);
  memory.type(kHeap, kKindOfGoMap, 8, 0);
  memory.put(kHeap + 48, kTypes + 0x100).put(kHeap + 56, kHeap + 0x100);
  memory.type(kTypes + 0x100, kKindInt, 8, kNames + 0x100).varint_name(kNames + 0x100, "int");
  // []*int, made by reflect, too
  memory.type(kHeap + 0x100, 23, 24).put(kHeap + 0x130, kHeap + 0x180);
  memory.type(kHeap + 0x180, 22, 8).put(kHeap + 0x1b0, kTypes + 0x100);
  EXPECT_EQ(memory.read(kClassic, kHeap).value().name, "map[int][]*int");
}

TEST(MapType, EndsNamesOfTypesThatHoldThemselves) {
  auto memory = classic(kHeap);
  memory.type(kHeap, kKindOfGoMap, 8, 0);
  memory.put(kHeap + 48, kHeap).put(kHeap + 56, kHeap);
  const auto type = memory.read(kClassic, kHeap);
  ASSERT_TRUE(type);
  EXPECT_TRUE(type->name.starts_with("map[map["));
  EXPECT_LE(type->name.size(), 4096U);
}

TEST(MapType, RefusesNamesOutsideTheTypes) {
  auto memory = classic();
  memory.put(kTypes + 40, 0x7fffffff).put(kTypes + 48, kTypes + 0x100);
  memory.put(kTypes + 56, kTypes + 0x100).type(kTypes + 0x100, kKindInt, 8);
  EXPECT_EQ(memory.read(kClassic).value().name, "map[int]int");
}

TEST(MapType, RefusesImpossibleBuckets) {
  EXPECT_FALSE(classic().put<std::uint16_t>(kTypes + 82, 88).read(kClassic));
  EXPECT_FALSE(classic().put<std::uint16_t>(kTypes + 82, 97).read(kClassic));
  EXPECT_FALSE(classic().put<std::uint16_t>(kTypes + 82, 1024).read(kClassic));
  EXPECT_FALSE(classic().put<std::uint8_t>(kTypes + 80, 129).read(kClassic));
}

TEST(MapType, RefusesImpossibleGroups) {
  const auto big = ~std::uint64_t{0};
  EXPECT_FALSE(swiss().put<std::uint64_t>(kTypes + 80, 128).read(kSwiss));
  EXPECT_FALSE(swiss().put<std::uint64_t>(kTypes + 80, 8192).read(kSwiss));
  EXPECT_FALSE(swiss().put(kTypes + 80, big).read(kSwiss));
  EXPECT_FALSE(swiss().put(kTypes + 88, big).read(kSwiss));
  EXPECT_FALSE(swiss().put(kTypes + 96, big).read(kSwiss));
  EXPECT_FALSE(swiss().put<std::uint64_t>(kTypes + 88, 7).read(kSwiss));
  EXPECT_FALSE(swiss().put(kTypes + 48, big).read(kSwiss));
  EXPECT_FALSE(swiss().put<std::uint64_t>(kTypes + 104, big).read(kSwiss27));
}

TEST(MapType, RefusesEveryTruncatedRecord) {
  auto memory = classic();
  for (std::size_t readable = 0; readable < 84; ++readable) {
    memory.cut(readable);
    EXPECT_FALSE(memory.read(kClassic)) << readable;
  }
  memory = swiss();
  for (std::size_t readable = 0; readable < 0x180 + 48; ++readable) {
    memory.cut(readable);
    EXPECT_FALSE(memory.read(kSwiss)) << readable;
  }
}

TEST(MapType, NamesWhatItCannotReadWithAQuestionMark) {
  auto memory = classic();
  memory.cut(84);
  EXPECT_EQ(memory.read(kClassic).value().name, "map[?]?");
}

}  // namespace
}  // namespace gomapd::go
