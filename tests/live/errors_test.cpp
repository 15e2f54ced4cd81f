// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// What cannot be traced is refused with its exit code and one line that says why.
#include <elf.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstring>

#include "tests/live/lab.h"
#include "tests/live/tracing.h"
#include "tests/support/go_build.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

class Errors : public testing::Test {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    const auto build = any_classic();
    if (!build) GTEST_SKIP() << "no Go toolchain: scripts/go-toolchains.sh fetches one";
    const auto built = build_truth(*build);
    ASSERT_TRUE(built.has_value()) << built.error();
    program_ = *built;
  }

  static Finished trace(Arguments arguments) {
    arguments.insert(arguments.begin(), {gomapd_path(), "trace"});
    return run(arguments);
  }

  static void expect_refused(const Finished& finished, int code) {
    EXPECT_TRUE(finished.ending.in_time);
    EXPECT_EQ(finished.ending.code, code) << finished.errors;
    EXPECT_EQ(finished.output, "");
    EXPECT_NE(finished.errors, "");
    EXPECT_TRUE(finished.errors.ends_with("\n"));
  }

  static void expect_refused_in_one_line(const Finished& finished, int code) {
    expect_refused(finished, code);
    EXPECT_EQ(std::ranges::count(finished.errors, '\n'), 1) << finished.errors;
  }

  fs::path program_;
};

// The offset and size of a section in a 64-bit ELF file that is known to be good.
std::pair<size_t, size_t> section(const std::string& file, std::string_view name) {
  Elf64_Ehdr header{};
  std::memcpy(&header, file.data(), sizeof header);
  const auto at = [&](size_t index) {
    Elf64_Shdr entry{};
    std::memcpy(&entry, file.data() + header.e_shoff + index * sizeof entry, sizeof entry);
    return entry;
  };
  const auto names = at(header.e_shstrndx);
  for (size_t i = 0; i < header.e_shnum; ++i) {
    const auto entry = at(i);
    if (std::string_view(file.data() + names.sh_offset + entry.sh_name) == name) {
      return {entry.sh_offset, entry.sh_size};
    }
  }
  return {0, 0};
}

void write_program(const fs::path& path, std::string_view bytes) {
  write_file(path, bytes);
  fs::permissions(path, fs::perms(0755));
}

TEST_F(Errors, RefusesAProcessThatDoesNotExist) {
  expect_refused_in_one_line(trace({"-p", "4194303"}), 5);
}

TEST_F(Errors, RefusesAProcessThatIsNoGoProgram) {
  Child sleeper({"/bin/sleep", "600"});
  expect_refused_in_one_line(trace({"-p", std::to_string(sleeper.pid())}), 4);
  EXPECT_TRUE(sleeper.running());
}

TEST_F(Errors, RefusesACommandThatIsNoGoProgram) {
  expect_refused_in_one_line(trace({"--", "/bin/sleep", "600"}), 4);
}

TEST_F(Errors, RefusesACommandThatDoesNotExist) {
  expect_refused_in_one_line(trace({"--", "/no/such/command"}), 5);
}

TEST_F(Errors, RefusesACommandThatIsAScript) {
  ScratchFolder folder;
  write_program(folder / "script", "#!/bin/sh\nexec true\n");
  expect_refused_in_one_line(trace({"--", folder / "script"}), 4);
}

// Before it starts it: the kernel could not.
TEST_F(Errors, RefusesAProgramForAnotherArchitecture) {
  const auto minors = test::go_minors();
  ASSERT_FALSE(minors.empty());
  const auto program = test::build_go_program(*test::go_root(minors.back()),
                                              fs::path(GOMAPD_TEST_SUPPORT) / "go" / "frames", {},
                                              {"GOARCH=arm64", "CGO_ENABLED=0"});
  ASSERT_TRUE(program.has_value()) << program.error().context;
  const auto finished = trace({"--", program->string()});
  expect_refused_in_one_line(finished, 4);
  EXPECT_NE(finished.errors.find("another architecture"), std::string::npos) << finished.errors;
  const auto inspected = run({gomapd_path(), "inspect", "--json", program->string()});
  EXPECT_EQ(inspected.ending.code, 0) << inspected.errors;
  EXPECT_NE(inspected.output.find(R"("goarch":"arm64")"), std::string::npos);
  EXPECT_NE(inspected.output.find(R"("traceable":false)"), std::string::npos);
}

TEST_F(Errors, RefusesWrongCommandLines) {
  const std::vector<Arguments> wrong = {
      {},
      {"--no-such-option"},
      {"-p"},
      {"-p", "none"},
      {"-p", "-1"},
      {"-p", "1", "--", program_},
      {"-d", "soon", "--", program_},
      {"-d", "-5", "--", program_},
      {"--detail", "everything", "--", program_},
      {"--ring-bytes", "many", "--", program_},
  };
  for (const auto& arguments : wrong) {
    SCOPED_TRACE(testing::PrintToString(arguments));
    expect_refused(trace(arguments), 2);
  }
}

TEST_F(Errors, RefusesADamagedFunctionTable) {
  const auto good = read_file(program_);
  const auto [offset, size] = section(good, ".gopclntab");
  ASSERT_GT(size, 1000U);
  const auto span = [&](size_t from, size_t length) { return std::pair(offset + from, length); };
  const std::vector<std::pair<std::string, std::pair<size_t, size_t>>> damages = {
      {"magic", span(0, 4)},   {"header", span(0, 64)},
      {"numbers", span(8, 8)}, {"offsets", span(24, 40)},
      {"all", span(0, size)},  {"all but the header", span(72, size - 72)},
  };
  ScratchFolder folder;
  for (const auto& [name, place] : damages) {
    SCOPED_TRACE(name);
    auto bad = good;
    std::fill_n(bad.begin() + static_cast<ptrdiff_t>(place.first), place.second, '\xa5');
    write_program(folder / "damaged", bad);
    expect_refused_in_one_line(trace({"--", folder / "damaged", "none"}), 4);
  }
}

TEST_F(Errors, RefusesATruncatedProgram) {
  const auto good = read_file(program_);
  ScratchFolder folder;
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{63}, size_t{64}, size_t{4096}, good.size() / 2}) {
    SCOPED_TRACE(size);
    write_program(folder / "truncated", std::string_view(good).substr(0, size));
    expect_refused_in_one_line(trace({"--", folder / "truncated", "none"}), 4);
  }
}

TEST_F(Errors, SaysThatRootIsNeeded) {
  ScratchFolder folder;
  fs::copy_file(gomapd_path(), folder / "gomapd");
  write_program(folder / "truth", read_file(program_));
  expect_refused(run({"setpriv", "--reuid", "65534", "--clear-groups", folder / "gomapd", "trace",
                      "--", folder / "truth", "none"}),
                 3);
}

TEST_F(Errors, KeepsItsOwnExitCodeWhenTheCommandFails) {
  const auto traced = trace_command(program_, {"no-such-workload"});
  EXPECT_EQ(traced.gomapd.ending.code, 0) << traced.gomapd.errors;
  EXPECT_EQ(lines_of(traced.report, "process_exited"), 1);
}

TEST_F(Errors, FailsWhereTheOutputCannotBeWritten) {
  expect_refused(trace({"--json", "-o", "/no/such/folder/report", "--", program_, "none"}), 1);
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  const auto full = trace({"--json", "-o", "/dev/full", "--", program_, "sizes"});
  EXPECT_EQ(full.ending.code, 1) << full.errors;
}

}  // namespace
}  // namespace gomapd::live
