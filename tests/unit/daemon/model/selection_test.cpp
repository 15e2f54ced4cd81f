// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/selection.h"

#include <gtest/gtest.h>

#include <string>

namespace gomapd::model {
namespace {

const Identity kProcess{.exe = "api", .unit = "api@1.service", .container_id = "34dc0b5e"};

bool selected(const SelectionRules& rules, const Identity& identity = kProcess,
              const std::string& path = "/opt/shop/bin/api") {
  return is_selected(rules, identity, path);
}

TEST(Selection, TakesEverythingWithoutRules) {
  EXPECT_TRUE(selected({}));
  EXPECT_TRUE(selected({}, {}, ""));
}

TEST(Selection, MatchesABaseNameOrAWholePath) {
  EXPECT_TRUE(selected({.match_exe = {"api"}}));
  EXPECT_TRUE(selected({.match_exe = {"a?i"}}));
  EXPECT_TRUE(selected({.match_exe = {"/opt/*"}}));
  EXPECT_TRUE(selected({.match_exe = {"*/bin/[a-c]pi"}}));
  EXPECT_FALSE(selected({.match_exe = {"opt"}}));
  EXPECT_FALSE(selected({.match_exe = {"/opt"}}));
  EXPECT_FALSE(selected({.match_exe = {"API"}}));
  EXPECT_FALSE(selected({.match_exe = {"bin/api"}}));
}

TEST(Selection, WantsOneOfAKind) {
  EXPECT_TRUE(selected({.match_exe = {"web", "api"}}));
  EXPECT_FALSE(selected({.match_exe = {"web", "db"}}));
}

TEST(Selection, WantsEveryKindThatIsGiven) {
  EXPECT_TRUE(selected(
      {.match_exe = {"api"}, .match_unit = {"api@*.service"}, .match_container = {"34dc*"}}));
  EXPECT_FALSE(selected({.match_exe = {"api"}, .match_unit = {"web.service"}}));
  EXPECT_FALSE(selected({.match_exe = {"api"}, .match_container = {"ffff*"}}));
}

TEST(Selection, ExcludesWhatFitsAnyKind) {
  EXPECT_FALSE(selected({.exclude_exe = {"web", "/opt/*"}}));
  EXPECT_FALSE(selected({.exclude_unit = {"api@*"}}));
  EXPECT_FALSE(selected({.exclude_container = {"?*"}}));
  EXPECT_TRUE(selected({.exclude_exe = {"web"}, .exclude_unit = {"web*"}}));
}

TEST(Selection, LetsExclusionsWin) {
  EXPECT_FALSE(selected({.match_exe = {"api"}, .exclude_unit = {"api@1.service"}}));
}

TEST(Selection, TellsWhatHasNoContainer) {
  const Identity on_host{.exe = "api", .unit = "api.service", .container_id = ""};
  EXPECT_TRUE(selected({.match_container = {"*"}}, on_host));
  EXPECT_FALSE(selected({.match_container = {"?*"}}, on_host));
  EXPECT_TRUE(selected({.exclude_container = {"?*"}}, on_host));
}

TEST(Selection, TakesAnEscapedCharacterAsItIs) {
  const Identity odd{.exe = "a*b", .unit = "", .container_id = ""};
  EXPECT_TRUE(selected({.match_exe = {R"(a\*b)"}}, odd, "/a*b"));
  EXPECT_FALSE(
      selected({.match_exe = {R"(a\*b)"}}, {.exe = "axb", .unit = "", .container_id = ""}, "/axb"));
}

TEST(Selection, FitsAHiddenFileAndBytesThatAreNoText) {
  EXPECT_TRUE(
      selected({.match_exe = {"*rc"}}, {.exe = ".rc", .unit = "", .container_id = ""}, "/.rc"));
  EXPECT_TRUE(selected({.match_exe = {"/x/*"}}, {.exe = "\xff", .unit = "", .container_id = ""},
                       "/x/\xff"));
}

TEST(GlobDefect, FindsNoneInGoodGlobs) {
  for (const auto* glob : {"*", "a?b", "[a-z]*", "[]x]", "[!]x]", "[[:alpha:]]", "[[:digit:]a]",
                           R"(\[)", R"([\]])", "a]b", "[a[b]"})
    EXPECT_EQ(glob_defect(glob), "") << glob;
}

TEST(GlobDefect, FindsWhatFitsNothing) {
  for (const auto* glob : {"", "[", "a[", "[]", "[!]", "[[:alpha:]", R"(a\)", R"([\])", "[[:alpha"})
    EXPECT_NE(glob_defect(glob), "") << glob;
  EXPECT_NE(glob_defect(std::string(5000, 'a')), "");
  EXPECT_NE(glob_defect(std::string_view("a\0b", 3)), "");
}

}  // namespace
}  // namespace gomapd::model
