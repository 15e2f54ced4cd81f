// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The command line, through the program itself: what it refuses before it does
// anything, and its texts. None of these need root or a kernel.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <regex>
#include <string>

namespace gomapd::cli {
namespace {

struct Outcome {
  int exit_code = -1;  // 124: it did not end by itself
  std::string output;
};

// Runs `gomapd ARGUMENTS`, as a shell takes them apart.
Outcome run_gomapd(const std::string& arguments, const std::string& kept = "2>&1") {
  const auto command = "timeout 10 " GOMAPD_BINARY " " + arguments + " </dev/null " + kept;
  Outcome outcome;
  std::FILE* pipe = popen(command.c_str(), "r");  // NOLINT(cert-env33-c)
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> buffer{};
  for (std::size_t count = 0; (count = std::fread(buffer.data(), 1, buffer.size(), pipe)) != 0;)
    outcome.output.append(buffer.data(), count);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  return outcome;
}

constexpr auto kErrorsOnly = "2>&1 >/dev/null";
constexpr auto kResultOnly = "2>/dev/null";

TEST(CommandLine, RefusesDurationsThatAreNone) {
  for (const std::string duration : {"0", "0s", "-1", "-5m", "5x", "5 s", "s", "nan", "inf", "1e99",
                                     "", " ", "0x10", "1d", "99999999h", "5mm"}) {
    // Process 1 is no Go program to be traced: it would be another exit code.
    const auto outcome = run_gomapd("trace -p 1 -d '" + duration + "'", kErrorsOnly);
    EXPECT_EQ(outcome.exit_code, 2) << duration << ": " << outcome.output;
    EXPECT_NE(outcome.output.find("-d"), std::string::npos) << outcome.output;
  }
}

TEST(CommandLine, RefusesProcessesThatAreNone) {
  for (const std::string pid : {"0", "-3", "x", "-d", "1.5", "4294967296"}) {
    for (const std::string command : {"trace -d 1s", "snapshot", "inspect"}) {
      const auto outcome = run_gomapd(command + " -p " + pid, kErrorsOnly);
      EXPECT_EQ(outcome.exit_code, 2) << pid << ": " << outcome.output;
      EXPECT_NE(outcome.output.find("--pid"), std::string::npos) << outcome.output;
      EXPECT_LT(outcome.output.size(), 200U) << outcome.output;
    }
  }
}

// Past the command line there is no such process (5), or no permission (3).
TEST(CommandLine, TakesDurationsOfTheContract) {
  for (const std::string duration : {"10s", "5m", "10", "1.5h", "200ms", "0.5"}) {
    const auto outcome = run_gomapd("trace -p 2147483647 -d " + duration);
    EXPECT_TRUE(outcome.exit_code == 5 || outcome.exit_code == 3)
        << duration << ": " << outcome.exit_code << ": " << outcome.output;
  }
}

TEST(CommandLine, RefusesOverheadsThatAreNoPercentage) {
  for (const std::string percent :
       {"0", "0.009", "101", "-1", "%", "1%%", "1 %", "x", "nan", "inf", "", "1x"}) {
    const auto outcome = run_gomapd("trace -p 1 --max-overhead='" + percent + "'", kErrorsOnly);
    EXPECT_EQ(outcome.exit_code, 2) << percent << ": " << outcome.output;
    EXPECT_NE(outcome.output.find("--max-overhead"), std::string::npos) << outcome.output;
  }
}

TEST(CommandLine, TakesOverheadsWithAndWithoutASign) {
  for (const std::string percent : {"1", "1%", "0.01", "100", "100%", "2.5%"}) {
    const auto outcome =
        run_gomapd("trace -p 2147483647 --detail assign --max-overhead " + percent);
    EXPECT_TRUE(outcome.exit_code == 5 || outcome.exit_code == 3)
        << percent << ": " << outcome.exit_code << ": " << outcome.output;
  }
}

TEST(CommandLine, RefusesAddressesThatAreNone) {
  for (const std::string command : {"trace -p 1", "report /dev/null"})
    for (const std::string address :
         {"", "0", "0x", "x", "0xg", "0xc000 ", "-1", "0x1ffffffffffffffff"}) {
      const auto outcome = run_gomapd(command + " --map='" + address + "'", kErrorsOnly);
      EXPECT_EQ(outcome.exit_code, 2) << address << ": " << outcome.output;
      EXPECT_NE(outcome.output.find("--map"), std::string::npos) << outcome.output;
    }
}

// Each takes one: what follows is not taken for another.
TEST(CommandLine, TakesAddressesAsReportsHaveThem) {
  const auto outcome = run_gomapd("report --map 0xc000012340 --map C000012370 /no/such/file");
  EXPECT_EQ(outcome.exit_code, 5) << outcome.output;
}

TEST(CommandLine, EndsWithStatus2WhenItIsWrong) {
  for (const std::string arguments : {"",
                                      "no-such-command",
                                      "--no-such-option",
                                      "trace",
                                      "trace -p",
                                      "trace -p 0",
                                      "trace -p -1",
                                      "trace -p abc",
                                      "trace -p 99999999999999999999",
                                      "trace -p 1 -- true",
                                      "trace -p 1 -d",
                                      "trace -p 1 --detail all",
                                      "snapshot -p 1 --detail buckets",
                                      "snapshot -p 1 --detail assign --max-overhead 0",
                                      "record -p 1 -o /dev/null --detail assign",
                                      "trace -p 1 --ring-bytes 1",
                                      "trace --no-such-option -p 1",
                                      "inspect",
                                      "inspect -p 0",
                                      "inspect /bin/true -p 1",
                                      "inspect a b",
                                      "record",
                                      "record -p 1",
                                      "record -o file",
                                      "record -o file -p 1 -- true",
                                      "report",
                                      "report a b",
                                      "report -p 1"}) {
    const auto outcome = run_gomapd(arguments, kErrorsOnly);
    EXPECT_EQ(outcome.exit_code, 2) << arguments << ": " << outcome.output;
    EXPECT_FALSE(outcome.output.empty()) << arguments;
    EXPECT_EQ(run_gomapd(arguments, kResultOnly).output, "") << arguments;
  }
}

TEST(CommandLine, SaysWhatIsWrongWithARecording) {
  struct Case {
    std::string file;
    int exit_code;
    std::string words;
  };
  for (const auto& [file, exit_code, words] :
       {Case{"/no/such/file", 5, "No such file"}, Case{"/bin/true", 1, "no recording"},
        Case{"/bin", 1, "a directory"}, Case{"/dev/null", 1, "not a regular file"}}) {
    const auto outcome = run_gomapd("report " + file, kErrorsOnly);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.output;
    EXPECT_NE(outcome.output.find(file + ": "), std::string::npos) << outcome.output;
    EXPECT_NE(outcome.output.find(words), std::string::npos) << outcome.output;
    EXPECT_EQ(run_gomapd("report " + file, kResultOnly).output, "");
  }
}

TEST(CommandLine, HelpsEachCommand) {
  struct Case {
    std::string arguments;
    std::string word;
  };
  for (const auto& [arguments, word] : {
           Case{"--help", "trace"},
           Case{"trace --help", "--duration"},
           Case{"inspect --help", "--json"},
           Case{"record --help", "--force"},
           Case{"report --help", "RECORDING"},
       }) {
    const auto outcome = run_gomapd(arguments, kResultOnly);
    EXPECT_EQ(outcome.exit_code, 0) << arguments;
    EXPECT_NE(outcome.output.find(word), std::string::npos) << outcome.output;
  }
}

TEST(CommandLine, TellsItsVersion) {
  const auto outcome = run_gomapd("--version", kResultOnly);
  EXPECT_EQ(outcome.exit_code, 0);
  const std::regex form(R"(gomapd \d+\.\d+\.\d+ \(libbpf \d+\.\d+, kernel \d+\.\d+\)\n)");
  EXPECT_TRUE(std::regex_match(outcome.output, form)) << outcome.output;
}

TEST(CommandLine, SaysInOneLineWhyTheWorkFailed) {
  struct Case {
    std::string arguments;
    int exit_code;
  };
  for (const auto& [arguments, exit_code] : {
           Case{"inspect /no/such/file", 5},
           Case{"inspect -p 2147483647", 5},
           Case{"inspect /dev/null", 4},
           Case{"inspect /bin/true", 4},
           Case{"inspect \"$(printf '/no/\\033[2Jsuch\\nfile')\"", 5},
       }) {
    const auto outcome = run_gomapd(arguments, kErrorsOnly);
    EXPECT_EQ(outcome.exit_code, exit_code) << arguments << ": " << outcome.output;
    EXPECT_TRUE(outcome.output.starts_with("gomapd: ")) << outcome.output;
    EXPECT_EQ(outcome.output.find('\n'), outcome.output.size() - 1) << outcome.output;
    EXPECT_EQ(outcome.output.find('\x1b'), std::string::npos) << outcome.output;
  }
}

}  // namespace
}  // namespace gomapd::cli
