// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "daemon/proc/file.h"

namespace gomapd::exporter {
namespace {

using std::string_view_literals::operator""sv;

struct Good {
  std::string_view text;
  std::string_view expected;
};

TEST(Escape, LeavesHarmlessTextAlone) {
  for (const std::string_view text :
       {""sv, "main.fill"sv, "map[string]struct { A int; B \"x\" }"sv, "a\\b ~"sv,
        "gr\xc3\xb6\xc3\x9f"
        "e"sv,
        "\xe5\x9c\xb0\xe5\x9b\xbe"sv, "\xf0\x9f\x97\xba"sv, "\xc2\xa0"sv, "\xee\x80\x80"sv,
        "\xf4\x8f\xbf\xbf"sv})
    EXPECT_EQ(escape(text), text);
}

TEST(Escape, TakesControlCharactersAndBadUtf8Apart) {
  for (const auto& [text, expected] : {
           Good{"\0"sv, R"(\x00)"},
           Good{"a\tb\r\n"sv, R"(a\x09b\x0d\x0a)"},
           Good{"\x1b[31mred\x1b[0m"sv, R"(\x1b[31mred\x1b[0m)"},
           Good{"\x1f\x7f"sv, R"(\x1f\x7f)"},
           Good{"\xc2\x80\xc2\x9b"
                "0m\xc2\x9f"sv,
                R"(\xc2\x80\xc2\x9b0m\xc2\x9f)"},  // C1
           Good{"\x9b"
                "0m"sv,
                R"(\x9b0m)"},  // C1 as a byte
           Good{"\xff\xfe"sv, R"(\xff\xfe)"},
           Good{"\xc0\x9b"sv, R"(\xc0\x9b)"},  // overlong ESC
           Good{"\xc1\xbf"sv, R"(\xc1\xbf)"},
           Good{"\xe0\x80\x9b"sv, R"(\xe0\x80\x9b)"},
           Good{"\xf0\x80\x80\x9b"sv, R"(\xf0\x80\x80\x9b)"},
           Good{"\xc3"sv, R"(\xc3)"},  // truncated
           Good{"\xe2\x80"sv, R"(\xe2\x80)"},
           Good{"\xf0\x9f\x97"sv, R"(\xf0\x9f\x97)"},
           Good{"\xc3(x"sv, R"(\xc3(x)"},  // no continuation
           Good{"\xe2(\x80"sv, R"(\xe2(\x80)"},
           Good{"\xed\xa0\x80\xed\xbf\xbf"sv, R"(\xed\xa0\x80\xed\xbf\xbf)"},  // surrogates
           Good{"\xf4\x90\x80\x80"sv, R"(\xf4\x90\x80\x80)"},                  // above U+10FFFF
           Good{"\xf5\x80\x80\x80"sv, R"(\xf5\x80\x80\x80)"},
       })
    EXPECT_EQ(escape(text), expected);
}

TEST(Escape, TakesInvisibleAndReorderingCharactersApart) {
  for (const auto& [text, expected] : {
           Good{"\xe2\x80\xae"sv, R"(\xe2\x80\xae)"},  // U+202E right-to-left override
           Good{"\xe2\x80\xaa"sv, R"(\xe2\x80\xaa)"},  // U+202A
           Good{"\xe2\x81\xa6"sv, R"(\xe2\x81\xa6)"},  // U+2066 isolate
           Good{"\xe2\x81\xa9"sv, R"(\xe2\x81\xa9)"},  // U+2069
           Good{"\xe2\x80\x8f"sv, R"(\xe2\x80\x8f)"},  // U+200F mark
           Good{"\xe2\x80\x8b"sv, R"(\xe2\x80\x8b)"},  // U+200B zero width
           Good{"\xd8\x9c"sv, R"(\xd8\x9c)"},          // U+061C Arabic letter mark
           Good{"\xef\xbb\xbf"sv, R"(\xef\xbb\xbf)"},  // U+FEFF
           Good{"\xe2\x80\xa8"sv, R"(\xe2\x80\xa8)"},  // U+2028 line separator
       })
    EXPECT_EQ(escape(text), expected);
}

TEST(Columns, CountsCodePoints) {
  EXPECT_EQ(columns(""), 0U);
  EXPECT_EQ(columns("abc"), 3U);
  EXPECT_EQ(columns("\xc3\xa4\xe2\x80\xa6\xf0\x9f\x97\xba"), 3U);
}

TEST(KeepEnd, CutsTheBeginning) {
  EXPECT_EQ(keep_end("abcdef", 0), "abcdef");
  EXPECT_EQ(keep_end("abcdef", 6), "abcdef");
  EXPECT_EQ(keep_end("abcdef", 5), "…cdef");
  EXPECT_EQ(keep_end("abcdef", 2), "…f");
  EXPECT_EQ(keep_end("abcdef", 1), "…");
  EXPECT_EQ(keep_end("äöüß", 4), "äöüß");
  EXPECT_EQ(keep_end("äöüß", 3), "…üß");
  EXPECT_EQ(keep_end("", 1), "");
}

TEST(KeepStart, CutsTheEnd) {
  EXPECT_EQ(keep_start("abcdef", 0), "abcdef");
  EXPECT_EQ(keep_start("abcdef", 6), "abcdef");
  EXPECT_EQ(keep_start("abcdef", 5), "abcd…");
  EXPECT_EQ(keep_start("abcdef", 2), "a…");
  EXPECT_EQ(keep_start("abcdef", 1), "…");
  EXPECT_EQ(keep_start("äöüß", 4), "äöüß");
  EXPECT_EQ(keep_start("äöüß", 3), "äö…");
  EXPECT_EQ(keep_start("", 1), "");
}

TEST(Wrap, BreaksLongLinesAtSpaces) {
  EXPECT_EQ(wrap("one two three\nfour\n", 0), "one two three\nfour\n");
  EXPECT_EQ(wrap("one two three\nfour\n", 13), "one two three\nfour\n");
  EXPECT_EQ(wrap("one two three\nfour\n", 12), "one two\n    three\nfour\n");
  EXPECT_EQ(wrap("  one  two\n\nx\n", 6), "  one\n…  two\n\nx\n");
  EXPECT_EQ(wrap("a /very/long/path b\n", 9), "a\n…ong/path\n    b\n");
  EXPECT_EQ(wrap("", 10), "");
}

TEST(WindowSize, IsNothingOfAFile) {
  const proc::Fd file(open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_EQ(window_size(file.get()).columns, 0U);
  EXPECT_EQ(window_size(-1).columns, 0U);
}

TEST(WindowSize, IsWhatTheTerminalSays) {
  const proc::Fd terminal(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal) GTEST_SKIP() << "no pseudo-terminals here: mount devpts";
  ASSERT_EQ(unlockpt(terminal.get()), 0);
  const proc::Fd end(open(ptsname(terminal.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  // A terminal that does not know its size is taken as the usual one.
  EXPECT_EQ(window_size(end.get()).columns, 80U);
  EXPECT_EQ(window_size(end.get()).rows, 24U);
  const winsize size{.ws_row = 50, .ws_col = 132, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(ioctl(end.get(), TIOCSWINSZ, &size), 0);
  EXPECT_EQ(window_size(end.get()).columns, 132U);
  EXPECT_EQ(window_size(end.get()).rows, 50U);
}

TEST(HumanCount, GroupsByThree) {
  EXPECT_EQ(human_count(0), "0");
  EXPECT_EQ(human_count(999), "999");
  EXPECT_EQ(human_count(1000), "1,000");
  EXPECT_EQ(human_count(123456), "123,456");
  EXPECT_EQ(human_count(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(HumanBytes, TakesTheUnitThatKeepsNumbersBelow1024) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1024), "1.0 KiB");
  EXPECT_EQ(human_bytes(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(human_bytes(1258291), "1.2 MiB");
  EXPECT_EQ(human_bytes(std::uint64_t{1} << 40U), "1.0 TiB");
  EXPECT_EQ(human_bytes(UINT64_MAX), "16.0 EiB");
}

TEST(HumanDuration, TakesTheUnitThatKeepsNumbersBelow1000) {
  EXPECT_EQ(human_duration(0), "0 ns");
  EXPECT_EQ(human_duration(999), "999 ns");
  EXPECT_EQ(human_duration(1000), "1.0 µs");
  EXPECT_EQ(human_duration(999'949), "999.9 µs");
  EXPECT_EQ(human_duration(999'999), "1.0 ms");
  EXPECT_EQ(human_duration(999'999'999), "1.0 s");
  EXPECT_EQ(human_duration(90'000'000'000), "90.0 s");
}

}  // namespace
}  // namespace gomapd::exporter
