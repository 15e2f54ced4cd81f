// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/symbol/symbolizer.h"

#include <gtest/gtest.h>

#include "tests/support/pclntab_builder.h"

namespace gomapd::symbol {
namespace {

TEST(RuntimeMapFunction, IsWhatStandsBetweenAGrowthAndItsCause) {
  for (const std::string_view function : {"runtime.mapassign",
                                          "runtime.mapassign_fast32",
                                          "runtime.mapassign_fast32ptr",
                                          "runtime.mapassign_fast64",
                                          "runtime.mapassign_fast64ptr",
                                          "runtime.mapassign_faststr",
                                          "runtime.mapdelete",
                                          "runtime.mapdelete_faststr",
                                          "runtime.mapclear",
                                          "runtime.mapclone",
                                          "runtime.mapclone2",
                                          "maps.clone",
                                          "runtime.hashGrow",
                                          "runtime.growWork",
                                          "runtime.growWork_fast64",
                                          "runtime.evacuate",
                                          "runtime.evacuate_faststr",
                                          "runtime.reflect_mapassign",
                                          "runtime.reflect_mapassign_faststr",
                                          "reflect.mapassign",
                                          "reflect.mapassign0",
                                          "reflect.mapassign_faststr",
                                          "reflect.mapassign_faststr0",
                                          "internal/runtime/maps.(*Map).PutSlot",
                                          "internal/runtime/maps.(*Map).growToTable",
                                          "internal/runtime/maps.(*table).rehash",
                                          "internal/runtime/maps.(*table).split",
                                          "internal/runtime/maps.NewMap"})
    EXPECT_TRUE(is_runtime_map_function(function)) << function;
}

TEST(RuntimeMapFunction, IsNoOtherFunctionHoweverItIsCalled) {
  for (const std::string_view function : {"",
                                          "runtime.main",
                                          "runtime.goexit",
                                          "runtime.makemap",
                                          "runtime.mapiterinit",
                                          "runtime.mapaccess1",
                                          "runtime.morestack",
                                          "runtime.makeslice",
                                          "main.main",
                                          "main.mapassign",
                                          "main.hashGrow",
                                          "main.(*Map).growToTable",
                                          "mapassign",
                                          "mapassign.F",
                                          "example.com/runtime.mapassign",
                                          "example.com/internal/runtime/maps.F",
                                          "example.com/reflect.mapassign",
                                          "runtimes.mapassign",
                                          "runtime/debug.mapassign",
                                          "runtime.mapassign.example/pkg.F",
                                          "internal/runtime/maps.example/pkg.F",
                                          "maps.Clone",
                                          "maps.Clone[...]",
                                          "maps.cloneAll",
                                          "example.com/maps.clone",
                                          "reflect.Value.SetMapIndex",
                                          "reflect.Value.MapIndex",
                                          "sync.(*Map).Store",
                                          "internal/sync.(*HashTrieMap).Store"})
    EXPECT_FALSE(is_runtime_map_function(function)) << function;
}

// Functions of 16 bytes each, from kTextAddress, one after the other.
class Symbolize : public testing::Test {
 protected:
  explicit Symbolize(std::vector<test::FunctionSpec> functions)
      : file_(test::go_image({.functions = std::move(functions)}).build()),
        table_(go::Pclntab::find(elf::Image::parse(file_).value()).value()) {}
  Symbolize()
      : Symbolize({{"runtime.mapassign_fast64", 16, {{16, 500}}},
                   {"main.fill",
                    16,
                    {{4, 20}, {8, 99}, {16, 21}},
                    {{4, -1}, {8, 0}, {16, -1}},
                    {{"main.put", 2}}},
                   {"runtime.main", 16, {{16, 283}}},
                   {"runtime.growWork_fast64", 16, {{16, 600}}}}) {}

  static constexpr std::uint64_t kAssign = test::kTextAddress;
  static constexpr std::uint64_t kFill = test::kTextAddress + 16;
  static constexpr std::uint64_t kMain = test::kTextAddress + 32;
  static constexpr std::uint64_t kGrowWork = test::kTextAddress + 48;

  std::vector<std::byte> file_;
  go::Pclntab table_;
};

std::vector<std::string> functions_of(const std::vector<Frame>& frames) {
  std::vector<std::string> functions;
  for (const auto& frame : frames) functions.push_back(frame.function);
  return functions;
}

using Names = std::vector<std::string>;

TEST_F(Symbolize, LeavesOutRuntimeMapFramesAtTheInnerEnd) {
  const auto frames =
      symbolize(table_, std::vector<std::uint64_t>{kAssign + 5, kFill + 12, kMain + 8});
  EXPECT_EQ(functions_of(frames), (Names{"main.fill", "runtime.main"}));
  EXPECT_EQ(frames[0].file, "main.go");
  EXPECT_EQ(frames[0].line, 21);
  EXPECT_FALSE(frames[0].inlined);
}

// In a profile-guided build the innermost pc may lie in hashGrow's own copy of
// overLoadFactor, inlined into mapassign.
class SymbolizeProfileGuided : public Symbolize {
 protected:
  SymbolizeProfileGuided()
      : Symbolize({{"runtime.mapassign_fast64",
                    16,
                    {{16, 500}},
                    {{4, -1}, {8, 1}, {16, -1}},
                    {{"runtime.hashGrow", 2}, {"runtime.overLoadFactor", 5}}},
                   {"main.fill", 16, {{16, 20}}}}) {}
};

TEST_F(SymbolizeProfileGuided, LeavesOutWhatMapFunctionsHaveInlined) {
  const std::vector<std::uint64_t> stack{kAssign + 6, kFill + 6};
  EXPECT_EQ(functions_of(symbolize(table_, stack)), Names{"main.fill"});
  EXPECT_EQ(table_.frames_at(kAssign + 5).front().function, "runtime.overLoadFactor");
}

TEST_F(Symbolize, KeepsRuntimeMapFramesFurtherOut) {
  const auto frames = symbolize(
      table_, std::vector<std::uint64_t>{kAssign + 5, kFill + 12, kGrowWork + 4, kMain + 8});
  EXPECT_EQ(functions_of(frames), (Names{"main.fill", "runtime.growWork_fast64", "runtime.main"}));
}

TEST_F(Symbolize, UnfoldsInlinedCalls) {
  const auto frames = symbolize(table_, std::vector<std::uint64_t>{kAssign + 5, kFill + 6});
  ASSERT_EQ(functions_of(frames), (Names{"main.put", "main.fill"}));
  EXPECT_EQ(frames[0].line, 99);
  EXPECT_TRUE(frames[0].inlined);
  EXPECT_EQ(frames[1].line, 20);
  EXPECT_FALSE(frames[1].inlined);
}

// The instruction after a call may belong to the next line, or to the next
// function when the call never returns.
TEST_F(Symbolize, LooksAtTheCallNotBehindIt) {
  EXPECT_EQ(symbolize(table_, std::vector<std::uint64_t>{kFill + 8})[0].line, 99);
  EXPECT_EQ(functions_of(symbolize(table_, std::vector<std::uint64_t>{kFill + 16})),
            Names{"main.fill"});
}

TEST_F(Symbolize, GivesANamelessFrameForCodeOfNobody) {
  const auto frames = symbolize(table_, std::vector<std::uint64_t>{kAssign + 5, 0x7fff00001000, 0});
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].function, "");
  EXPECT_EQ(frames[1].function, "");
}

TEST_F(Symbolize, ShowsRuntimeMapFramesOnDemand) {
  const auto frames =
      symbolize(table_, std::vector<std::uint64_t>{kAssign + 5, kFill + 12, kGrowWork + 4},
                RuntimeFrames::kShow);
  ASSERT_EQ(functions_of(frames),
            (Names{"runtime.mapassign_fast64", "main.fill", "runtime.growWork_fast64"}));
  EXPECT_TRUE(frames[0].runtime_map);
  EXPECT_FALSE(frames[1].runtime_map);
  EXPECT_FALSE(frames[2].runtime_map) << "further out it is shown anyway";
}

// What Go itself leaves out of a stack, and what makes it show it.
class SymbolizeWrappers : public Symbolize {
 protected:
  SymbolizeWrappers()
      : Symbolize({{"runtime.deferreturn", 16, {{16, 1}}, {}, {}, kWrapper},
                   {"main.embeds.put", 16, {{16, 1}}, {}, {}, kWrapper},
                   {"main.main", 16, {{8, 30}, {16, 31}}},
                   {"runtime.panicwrap", 16, {{16, 1}}},
                   {"runtime.sigpanic", 16, {{16, 1}}}}) {}

  static constexpr std::uint8_t kWrapper = 22;
  static constexpr std::uint64_t kPut = test::kTextAddress + 16;
  static constexpr std::uint64_t kMainMain = test::kTextAddress + 32;
  static constexpr std::uint64_t kPanicWrap = test::kTextAddress + 48;
  static constexpr std::uint64_t kSigpanic = test::kTextAddress + 64;
};

TEST_F(SymbolizeWrappers, LeavesWrappersOut) {
  const auto frames = symbolize(table_, std::vector<std::uint64_t>{kPut + 8, kMainMain + 8});
  EXPECT_EQ(functions_of(frames), Names{"main.main"});
}

TEST_F(SymbolizeWrappers, KeepsAWrapperThatPanics) {
  const auto frames =
      symbolize(table_, std::vector<std::uint64_t>{kPanicWrap + 8, kPut + 8, kMainMain + 8});
  EXPECT_EQ(functions_of(frames), (Names{"runtime.panicwrap", "main.embeds.put", "main.main"}));
}

// A fault's address is that of its instruction, not of the one behind it.
TEST_F(SymbolizeWrappers, LooksAtTheInstructionThatFaulted) {
  const auto frames = symbolize(table_, std::vector<std::uint64_t>{kSigpanic + 8, kMainMain + 8});
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[1].line, 31);
}

// go1.27 src/runtime/traceback.go: funcNamePiecesForPrint
TEST(NameForPrint, IsTheOneThatGoPrints) {
  const std::vector<std::pair<std::string_view, std::string_view>> names{
      {"main.main", "main.main"},
      {"main.f[...]", "main.f[...]"},
      {"main.f[go.shape.int]", "main.f[...]"},
      {"main.f[go.shape.[]int,go.shape.map[string]int].func1", "main.f[...].func1"},
      {"main.(*T[go.shape.int]).put", "main.(*T[...]).put"},
      {"main.(*T[go.shape.int]).put[go.shape.[4]int].func2", "main.(*T[...]).put[...].func2"},
      {"gopkg.in/yaml%2ev2.F", "gopkg.in/yaml%2ev2.F"},
      {"main.f[", "main.f["},
      {"main.f]", "main.f]"},
      {"main.]f[", "main.]f["},
      {"main.f[[a]", "main.f[[a]"},
      {"", ""}};
  for (const auto& [name, printed] : names) EXPECT_EQ(name_for_print(name), printed);
}

TEST_F(Symbolize, GivesNoFramesForNoStack) {
  EXPECT_TRUE(symbolize(table_, {}).empty());
}

}  // namespace
}  // namespace gomapd::symbol
