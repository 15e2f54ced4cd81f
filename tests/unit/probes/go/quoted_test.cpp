// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/go/quoted.h"

#include <gtest/gtest.h>

namespace gomapd::go {
namespace {

struct Good {
  std::string_view text;
  std::string_view meaning;
  std::string_view rest;
};

TEST(Quoted, TakesWhatGoWrites) {
  using std::string_view_literals::operator""sv;
  for (const auto& good : {
           Good{R"("")", "", ""},
           Good{R"("a b"=c)", "a b", "=c"},
           Good{R"("a\"b\\c")", "a\"b\\c", ""},
           Good{R"("\t\n\x41\101")", "\t\nAA", ""},
           Good{R"("\u00e9\U0001f600")", "\xc3\xa9\xf0\x9f\x98\x80", ""},
           Good{R"("\x00")", "\0"sv, ""},
           Good{R"(`a\b"c`x)", R"(a\b"c)", "x"},
       }) {
    auto text = good.text;
    EXPECT_EQ(take_quoted(text), good.meaning) << good.text;
    EXPECT_EQ(text, good.rest) << good.text;
  }
}

TEST(Quoted, LeavesTheRestAlone) {
  for (const std::string_view bad :
       {"", "a", "'a'", R"(")", R"("a)", R"("a\)", R"("\)", R"("\q")", R"("\x4")", R"("\xg0")",
        R"("\u12")", R"("\ud800")", R"("\U00110000")", R"("\777")", R"("\8")", "`a"}) {
    auto text = bad;
    EXPECT_EQ(take_quoted(text), std::nullopt) << bad;
    EXPECT_EQ(text, bad);
  }
}

}  // namespace
}  // namespace gomapd::go
