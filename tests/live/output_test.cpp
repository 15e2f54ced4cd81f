// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// Where the result goes, and what never reaches a terminal.
#include <gtest/gtest.h>

#include "tests/live/lab.h"
#include "tests/live/tracing.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEvil = "\x1b]0;evil\x07\x1b[31mred";

class Output : public testing::Test {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    build_ = any_classic();
    if (!build_) GTEST_SKIP() << "no Go toolchain: scripts/go-toolchains.sh fetches one";
    const auto built = build_truth(*build_);
    ASSERT_TRUE(built.has_value()) << built.error();
    program_ = *built;
  }

  // A program whose executable and source file have control characters in their
  // names, and whose map grows in that file.
  Built build_evil(const ScratchFolder& folder) const {
    fs::create_directory(folder / "source");
    write_file(
        folder / "source" / "main.go",
        "package main\n\nfunc main() {\n\tm := map[int]int{}\n//line " + std::string(kEvil) +
            ".go:1\n\tfor i := 0; i < 100; i++ {\n\t\tm[i] = i\n\t}\n\tprintln(len(m))\n}\n");
    const auto built = build_go(*build_, folder / "source");
    if (!built) return built;
    fs::copy_file(*built, folder / kEvil);
    return folder / kEvil;
  }

  std::optional<Build> build_;
  fs::path program_;
};

TEST_F(Output, SendsTheCommandsOutputToStandardErrorUnderJson) {
  const auto finished = run({gomapd_path(), "trace", "--json", "--", program_, "update"});
  ASSERT_EQ(finished.ending.code, 0) << finished.errors;
  const auto report = parse_report(finished.output);
  const auto form = check_form(report);
  EXPECT_TRUE(form.empty()) << form.text();
  EXPECT_NE(finished.errors.find("{\"go\":"), std::string::npos) << finished.errors;
}

TEST_F(Output, LeavesTheCommandsOutputAloneWithAFile) {
  ScratchFolder folder;
  const auto finished =
      run({gomapd_path(), "trace", "--json", "-o", folder / "report", "--", program_, "update"});
  ASSERT_EQ(finished.ending.code, 0) << finished.errors;
  EXPECT_TRUE(finished.output.starts_with("{\"go\":")) << finished.output;
  EXPECT_EQ(finished.output.find("summary"), std::string::npos);
  EXPECT_TRUE(parse_report(read_file(folder / "report")).problems.empty());
}

TEST_F(Output, PrintsAReportForPeople) {
  ScratchFolder folder;
  const auto finished =
      run({gomapd_path(), "trace", "--", program_, "-out", folder / "truth", "sizes"});
  ASSERT_EQ(finished.ending.code, 0) << finished.errors;
  EXPECT_NE(finished.output.find("main.growInts"), std::string::npos) << finished.output;
  EXPECT_NE(finished.output.find("map[int]int"), std::string::npos) << finished.output;
  EXPECT_EQ(finished.output.find('\x1b'), std::string::npos) << "escape sequences, and no terminal";
}

TEST_F(Output, EscapesNamesInTheReport) {
  ScratchFolder folder;
  const auto evil = build_evil(folder);
  ASSERT_TRUE(evil.has_value()) << evil.error();
  const auto finished = run({gomapd_path(), "trace", "--", *evil});
  ASSERT_EQ(finished.ending.code, 0) << finished.errors;
  for (const auto& text : {finished.output, finished.errors}) {
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
    EXPECT_EQ(text.find('\x07'), std::string::npos) << text;
  }
  EXPECT_NE(finished.output.find("red.go"), std::string::npos) << finished.output;
}

TEST_F(Output, EscapesNamesOnATerminal) {
  if (const auto missing = missing_for_terminals(); !missing.empty()) GTEST_SKIP() << missing;
  ScratchFolder folder;
  const auto evil = build_evil(folder);
  ASSERT_TRUE(evil.has_value()) << evil.error();
  const auto finished = run({gomapd_path(), "trace", "--", *evil},
                            {.environment = {"TERM=xterm"}, .terminal = Terminal::kYes});
  ASSERT_EQ(finished.ending.code, 0) << finished.output;
  EXPECT_NE(finished.output.find("red.go"), std::string::npos) << finished.output;
  EXPECT_EQ(finished.output.find("\x1b]0;evil"), std::string::npos) << finished.output;
  EXPECT_EQ(finished.output.find("\x1b[31mred"), std::string::npos) << finished.output;
}

TEST_F(Output, KeepsNamesWholeInJson) {
  ScratchFolder folder;
  const auto evil = build_evil(folder);
  ASSERT_TRUE(evil.has_value()) << evil.error();
  const auto finished = run({gomapd_path(), "trace", "--json", "--", *evil});
  ASSERT_EQ(finished.ending.code, 0) << finished.errors;
  EXPECT_EQ(finished.output.find('\x1b'), std::string::npos);
  const auto report = parse_report(finished.output);
  const auto form = check_form(report);
  EXPECT_TRUE(form.empty()) << form.text();
  ASSERT_EQ(report.summary["sites"].size(), 1);
  EXPECT_NE(report.summary["sites"][0]["file"].get<std::string>().find(kEvil), std::string::npos);
}

}  // namespace
}  // namespace gomapd::live
