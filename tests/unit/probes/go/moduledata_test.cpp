// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/go/moduledata.h"

#include <gtest/gtest.h>

#include "tests/support/pclntab_builder.h"

namespace gomapd::go {
namespace {

using test::GoRelease;
using test::kModuledataAddress;
using test::kPclntabAddress;
using test::kTextAddress;
using test::kTypesAddress;

Result<Module> find(const std::vector<std::byte>& file) {
  const auto image = TRY(elf::Image::parse(file));
  return find_moduledata(image, TRY(read_pclntab_header(image, kPclntabAddress)));
}

Result<Module> find_damaged(GoRelease release, std::uint64_t field, std::uint64_t value) {
  auto file = test::go_image({.release = release}).build();
  const auto image = elf::Image::parse(file).value();
  const auto offset = image.file_offset(kModuledataAddress + field).value();
  std::memcpy(file.data() + offset, &value, sizeof(value));
  return find(file);
}

TEST(Moduledata, IsReadFromEveryRelease) {
  for (const auto release : {GoRelease::k115, GoRelease::k116, GoRelease::k118, GoRelease::k120,
                             GoRelease::k126, GoRelease::k127}) {
    const auto module = find(test::go_image({.release = release}).build());
    ASSERT_TRUE(module) << module.error().context;
    EXPECT_EQ(module->data.address, kModuledataAddress);
    EXPECT_EQ(module->data.text, kTextAddress);
    EXPECT_EQ(module->data.etext, kTextAddress + 16);
    EXPECT_EQ(module->data.types, kTypesAddress);
    EXPECT_EQ(module->data.etypes, kTypesAddress + 64);
    EXPECT_EQ(module->data.gofunc != 0, release >= GoRelease::k118);
  }
}

TEST(Moduledata, IsFoundByItsSections) {
  for (const auto* name : {".go.module", ".noptrdata"}) {
    const auto file = test::go_image({}).section(name, kModuledataAddress, 592).build();
    EXPECT_EQ(find(file).value().data.address, kModuledataAddress) << name;
  }
}

TEST(Moduledata, IsFoundDespiteLyingSections) {
  const auto file = test::go_image({})
                        .section(".go.module", kTextAddress, 8)
                        .section(".noptrdata", kModuledataAddress + 64, 64)
                        .build();
  EXPECT_EQ(find(file).value().data.address, kModuledataAddress);
}

TEST(Moduledata, SkipsOtherPointersToTheTable) {
  std::vector<std::byte> pointers(64);
  for (std::size_t i = 0; i < pointers.size(); i += 8)
    std::memcpy(pointers.data() + i, &kPclntabAddress, sizeof(kPclntabAddress));
  const auto file = test::go_image({}).data(0x550000, pointers).build();
  EXPECT_EQ(find(file).value().data.address, kModuledataAddress);
}

struct Damage {
  std::uint64_t field;
  std::uint64_t value;
};

TEST(Moduledata, RefusesWhatDoesNotFit) {
  constexpr std::uint64_t kHuge = ~std::uint64_t{0};
  for (const auto& damage : {Damage{0, kPclntabAddress + 8},
                             Damage{8, kPclntabAddress},
                             Damage{16, 1},
                             Damage{24, kHuge},
                             Damage{104, kHuge},
                             Damage{128, kPclntabAddress},
                             Damage{136, 1},
                             Damage{136, kHuge},
                             Damage{160, kTextAddress - 1},
                             Damage{160, kHuge},
                             Damage{168, kTextAddress + 17},
                             Damage{176, kTypesAddress},
                             Damage{176, 0},
                             Damage{184, kTextAddress},
                             Damage{184, kTextAddress + 17},
                             Damage{184, kHuge},
                             Damage{296, 0},
                             Damage{296, kTypesAddress + 64},
                             Damage{304, kTypesAddress},
                             Damage{304, kTypesAddress + 65},
                             Damage{304, kHuge},
                             Damage{320, 0},
                             Damage{320, kHuge},
                             Damage{336, 2}}) {
    EXPECT_FALSE(find_damaged(GoRelease::k120, damage.field, damage.value))
        << damage.field << " " << damage.value;
  }
}

TEST(Moduledata, RefusesTextInSeveralSections) {
  auto file = test::go_image({}).build();
  const auto image = elf::Image::parse(file).value();
  const std::uint64_t two = 2;
  for (const auto field : {336, 344}) {
    const auto address = kModuledataAddress + static_cast<elf::Vaddr>(field);
    std::memcpy(file.data() + image.file_offset(address).value(), &two, sizeof(two));
  }
  EXPECT_EQ(find(file).error().code, Errc::kUnsupported);
}

TEST(Moduledata, TellsGo126And127ApartByTheirFields) {
  // 1.26: etypes at 304, epclntab at 328. 1.27: at 312 and 352.
  EXPECT_TRUE(find_damaged(GoRelease::k126, 312, 1));
  EXPECT_FALSE(find_damaged(GoRelease::k126, 328, 1));
  EXPECT_TRUE(find_damaged(GoRelease::k127, 304, 1));
  EXPECT_FALSE(find_damaged(GoRelease::k127, 312, 1));
  EXPECT_FALSE(find_damaged(GoRelease::k127, 352, 1));
}

}  // namespace
}  // namespace gomapd::go
