// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// Runs the fuzz targets over cut and damaged inputs with whatever compiler and
// sanitizers the tests are built with. They pass if nothing crashes.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/fuzz/fuzz_targets.h"
#include "tests/support/go_build.h"
#include "tests/support/pclntab_builder.h"

namespace gomapd::fuzz {
namespace {

void replay(Bytes input) {
  fuzz_elf(input);
  fuzz_pclntab(input);
  fuzz_build_info(input);
}

std::vector<std::byte> small_program(test::GoRelease release) {
  return test::go_image(
             {.release = release,
              .functions =
                  {{"main.a", 32, {{16, 5}, {32, 6}}},
                   {"main.b", 32, {{32, 9}}, {{16, 0}, {32, 1}}, {{"main.c", 20}, {"main.d", 4}}}},
              .with_section = true})
      .build();
}

TEST(FuzzReplay, SurvivesEveryTruncation) {
  const auto file = small_program(test::GoRelease::k127);
  for (std::size_t size = 0; size <= file.size(); ++size) replay(Bytes(file).first(size));
}

TEST(FuzzReplay, SurvivesRandomDamage) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same inputs every time
  for (const auto release : {test::GoRelease::k115, test::GoRelease::k116, test::GoRelease::k118,
                             test::GoRelease::k120, test::GoRelease::k126}) {
    const auto intact = small_program(release);
    for (int round = 0; round < 2000; ++round) {
      auto file = intact;
      for (int i = 0; i < 1 + round % 8; ++i)
        file[random() % file.size()] = static_cast<std::byte>(random());
      replay(file);
    }
  }
}

TEST(FuzzReplay, SurvivesRandomTypes) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same inputs every time
  std::vector<std::byte> memory(512);
  for (int round = 0; round < 20000; ++round) {
    std::ranges::generate(memory, [&] { return static_cast<std::byte>(random()); });
    memory[23] = std::byte{21};
    fuzz_types(memory);
  }
}

// A real program, cut at some hundred places and damaged at some hundred more.
TEST(FuzzReplay, SurvivesADamagedRealProgram) {
  const auto minors = test::go_minors();
  if (minors.empty()) GTEST_SKIP() << "no Go toolchain: run scripts/go-toolchains.sh";
  const auto path = test::build_go_program(
      *test::go_root(minors.back()), std::filesystem::path(GOMAPD_TEST_SUPPORT) / "go" / "frames",
      {"-ldflags=-s -w"});
  ASSERT_TRUE(path) << path.error().context;
  auto file = test::read_file(*path).value();
  for (std::size_t size = 0; size < file.size(); size += file.size() / 200)
    replay(Bytes(file).first(size));
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same inputs every time
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 100; ++i) file[random() % file.size()] = static_cast<std::byte>(random());
    replay(file);
  }
}

}  // namespace
}  // namespace gomapd::fuzz
