// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// Programs that others built, nearly all stripped: among them the releases
// that the distribution has no toolchain for.
#include <gtest/gtest.h>

#include <algorithm>

#include "probes/go/pclntab.h"
#include "tests/support/go_build.h"
#include "tests/support/go_program.h"

namespace gomapd::test {
namespace {

struct Target {
  const char* name;  // of scripts/targets.sh
  const char* executable;
  go::PclntabLayout layout;
};

void PrintTo(const Target& target, std::ostream* out) {
  *out << target.name;
}

constexpr auto kGo116 = go::PclntabLayout::kGo116;
constexpr auto kGo118 = go::PclntabLayout::kGo118;
constexpr auto kGo120 = go::PclntabLayout::kGo120;
constexpr auto kGo126 = go::PclntabLayout::kGo126;

class TargetProgram : public testing::TestWithParam<Target> {};

TEST_P(TargetProgram, IsReadInFull) {
  const auto path = cache_folder() / "targets" / GetParam().name / GetParam().executable;
  if (!std::filesystem::exists(path))
    GTEST_SKIP() << "not there: run scripts/targets.sh " << GetParam().name;
  const auto program = load_program(path);
  ASSERT_TRUE(program) << program.error().context;
  const auto table = go::Pclntab::find(program->image);
  ASSERT_TRUE(table) << table.error().context;
  EXPECT_EQ(table->layout(), GetParam().layout);

  std::size_t without_source = 0;
  std::size_t inlined = 0;
  bool has_mapassign = false;
  table->for_each([&](const go::Function& function) {
    const auto at_entry = table->frames_at(function.entry);
    ASSERT_FALSE(at_entry.empty());
    if (at_entry.back().file.empty() || at_entry.back().line <= 0) ++without_source;
    const auto frames = table->frames_at(function.entry + (function.end - function.entry) / 2);
    inlined += frames.size() - 1;
    EXPECT_TRUE(std::ranges::none_of(frames, [](const auto& f) { return f.function.empty(); }));
    if (function.name != "runtime.mapassign") return;
    has_mapassign = true;
    // The Swiss mapassign is written in internal/runtime/maps.
    EXPECT_NE(at_entry[0].file.find("runtime/map"), std::string_view::npos);
    EXPECT_GT(table->inlined_in(function, [](auto) { return true; }).size(), 5U);
  });
  EXPECT_TRUE(has_mapassign);
  EXPECT_GT(inlined, table->function_count() / 20);
  // A few of the assembler's functions have no line at their entry.
  EXPECT_LE(without_source, 10U);
}

INSTANTIATE_TEST_SUITE_P(Cached, TargetProgram,
                         testing::Values(Target{"esbuild-0.11.11", "bin/esbuild", kGo116},
                                         Target{"esbuild-0.13.15", "bin/esbuild", kGo116},
                                         Target{"esbuild-0.14.33", "bin/esbuild", kGo118},
                                         Target{"turbo", "bin/go-turbo", kGo118},
                                         Target{"prometheus", "usr/bin/prometheus", kGo118},
                                         Target{"esbuild-0.17.11", "bin/esbuild", kGo120},
                                         Target{"kubectl", "usr/bin/kubectl", kGo120},
                                         Target{"caddy", "usr/bin/caddy", kGo126},
                                         Target{"nats-server", "usr/sbin/nats-server", kGo126}),
                         [](const auto& test) {
                           std::string name = test.param.name;
                           std::ranges::replace_if(
                               name, [](char c) { return c == '-' || c == '.'; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace gomapd::test
