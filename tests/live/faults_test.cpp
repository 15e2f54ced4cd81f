// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// What hosts do to programs and to whoever traces them. GOMAPD_FAULTS=full repeats
// and waits as often and as long as a host would in a day.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/live/lab.h"
#include "tests/live/pages.h"
#include "tests/live/probes_in.h"
#include "tests/live/storm_program.h"
#include "tests/live/tracing.h"
#include "tests/support/go_build.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// Growths of a map of 100 keys, of either design.
constexpr std::uint64_t kGrowthsOfAMap = 4;

bool is_full() {
  const char* asked = std::getenv("GOMAPD_FAULTS");  // NOLINT(concurrency-mt-unsafe)
  return asked != nullptr && std::string(asked) == "full";
}

class Faults : public testing::TestWithParam<Build> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    GOMAPD_BUILD_OR_SKIP(GetParam());
    const auto built = build_go(GetParam(), source_folder() / "tests/live/go/storm");
    ASSERT_TRUE(built.has_value()) << built.error();
    program_ = folder_ / "faultsprogram";
    fs::copy_file(*built, program_);
  }

  static Child trace(const StormProgram& program, Arguments options = {}) {
    Arguments command{gomapd_path(), "trace", "--json", "-p", std::to_string(program.pid())};
    command.insert(command.end(), options.begin(), options.end());
    Child tracing(command);
    EXPECT_TRUE(tracing.wait_for_errors("gomapd: tracing")) << tracing.errors();
    return tracing;
  }
  // Its last line, when it has ended well.
  static Json summary_of(Child& tracing) {
    EXPECT_EQ(tracing.wait().code, 0) << tracing.errors();
    const auto output = tracing.output();
    if (output.size() < 2) return {};
    const auto last = output.rfind('\n', output.size() - 2);
    return Json::parse(output.substr(last == std::string::npos ? 0 : last + 1));
  }
  static Json end(Child& tracing) {
    tracing.send_signal(SIGINT);
    return summary_of(tracing);
  }
  static std::uint64_t at_make_map(const Json& summary) {
    std::uint64_t growths = 0;
    for (const auto& site : summary["sites"])
      if (site["function"] == "main.makeMap") growths += site["growths"].get<std::uint64_t>();
    return growths;
  }

  ScratchFolder folder_;
  fs::path program_;
};

// Others run the same file at full speed on all CPUs while probes come and go; each
// time exactly what the traced process does is counted, and nobody crashes.
TEST_P(Faults, ProbesComeAndGoUnderLoad) {
  const int times = is_full() ? 1000 : 8;
  StormProgram load(program_);
  load.tell("storm " + std::to_string(std::thread::hardware_concurrency()));
  StormProgram traced(program_);
  traced.tell("make 10");
  for (int i = 0; i < times; ++i) {
    auto tracing = trace(traced);
    traced.tell("make 20");
    const auto summary = end(tracing);
    ASSERT_EQ(at_make_map(summary), 20 * kGrowthsOfAMap) << "time " << i;
    ASSERT_EQ(summary["counts"]["in_progress"], 0);
  }
  EXPECT_GT(load.tell("stop"), 1000);
  load.quit();
  traced.quit();
}

// The traced process itself is at full speed on all CPUs.
TEST_P(Faults, ProbesComeAndGoInAStorm) {
  const int times = is_full() ? 1000 : 6;
  StormProgram storm(program_);
  storm.tell("storm " + std::to_string(std::thread::hardware_concurrency()));
  for (int i = 0; i < times; ++i) {
    auto tracing = trace(storm);
    std::this_thread::sleep_for(milliseconds(20));
    const auto summary = end(tracing);
    EXPECT_GT(at_make_map(summary), 0);
    const auto& counts = summary["counts"];
    EXPECT_EQ(counts["growth_started"].get<std::uint64_t>(),
              counts["growth_finished"].get<std::uint64_t>() +
                  counts["in_progress"].get<std::uint64_t>());
    EXPECT_EQ(breakpoints_in(storm.pid(), program_).changed, 0);
  }
  const auto made = storm.tell("make 0");
  EXPECT_GT(storm.tell("stop"), made);
  storm.quit();
}

TEST_P(Faults, TargetIsStopped) {
  StormProgram program(program_);
  auto tracing = trace(program);
  program.tell("make 10");
  kill(program.pid(), SIGSTOP);
  std::this_thread::sleep_for(is_full() ? std::chrono::seconds(60) : std::chrono::seconds(1));
  kill(program.pid(), SIGCONT);
  program.tell("make 10");
  EXPECT_EQ(at_make_map(end(tracing)), 20 * kGrowthsOfAMap);
  program.quit();
}

// By a debugger: each of its threads, while it is in the middle of its work.
TEST_P(Faults, TargetIsHeldByADebugger) {
  StormProgram program(program_);
  auto tracing = trace(program);
  const auto before = program.tell("make 10");
  program.tell("storm 1");
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(ptrace(PTRACE_SEIZE, program.pid(), nullptr, nullptr), 0);
    ASSERT_EQ(ptrace(PTRACE_INTERRUPT, program.pid(), nullptr, nullptr), 0);
    int status = 0;
    ASSERT_EQ(waitpid(program.pid(), &status, __WALL), program.pid());
    ASSERT_TRUE(WIFSTOPPED(status));
    std::this_thread::sleep_for(milliseconds(5));
    ASSERT_EQ(ptrace(PTRACE_DETACH, program.pid(), nullptr, nullptr), 0);
  }
  const auto made = program.tell("stop");
  EXPECT_GT(made, before);
  EXPECT_EQ(at_make_map(end(tracing)), made * kGrowthsOfAMap);
  program.quit();
}

TEST_P(Faults, TargetCrashes) {
  StormProgram program(program_);
  auto tracing = trace(program);
  program.tell("make 10");
  program.say("crash");
  const auto summary = summary_of(tracing);
  EXPECT_EQ(at_make_map(summary), 10 * kGrowthsOfAMap);
}

TEST_P(Faults, TargetIsKilledInAStorm) {
  StormProgram program(program_);
  auto tracing = trace(program);
  program.tell("storm 4");
  ASSERT_TRUE(eventually([&] { return program.tell("make 0") >= 100; }));
  kill(program.pid(), SIGKILL);
  const auto summary = summary_of(tracing);
  EXPECT_GT(at_make_map(summary), 0);
  EXPECT_EQ(summary["counts"]["growth_started"],
            summary["counts"]["growth_finished"].get<std::uint64_t>() +
                summary["counts"]["in_progress"].get<std::uint64_t>());
}

// The process goes on as another program, which is none of ours.
TEST_P(Faults, TargetBecomesAnotherProgram) {
  StormProgram program(program_);
  auto tracing = trace(program);
  program.tell("make 10");
  program.say("exec");
  EXPECT_EQ(at_make_map(summary_of(tracing)), 10 * kGrowthsOfAMap);
}

// A one-shot trace and two daemons on one process: each counts it, and none disturbs
// another by coming or going.
TEST_P(Faults, SeveralTraceOneProcess) {
  if (run({"curl", "--version"}).ending.code != 0) GTEST_SKIP() << "no curl";
  StormProgram program(program_);
  std::vector<Child> daemons;
  std::vector<std::string> addresses;
  for (int i = 0; i < 2; ++i) {
    daemons.emplace_back(Arguments{gomapd_path(), "daemon", "--web.listen-address", "127.0.0.1:0",
                                   "--match-exe", "faultsprogram"});
    addresses.push_back(address_of(daemons.back()));
    ASSERT_FALSE(addresses.back().empty()) << daemons.back().errors();
  }
  const auto growths = [&](std::size_t i) {
    const auto page =
        run({"curl", "-sS", "--max-time", "30", "http://" + addresses[i] + "/metrics"});
    return sum_of(parse_metrics(page.output), "gomapd_site_growths_total", "makeMap");
  };
  const auto is_traced = [&](std::size_t i) {
    const auto page =
        run({"curl", "-sS", "--max-time", "30", "http://" + addresses[i] + "/metrics"});
    return sum_of(parse_metrics(page.output), "gomapd_processes", "traced") == 1;
  };
  for (std::size_t i = 0; i < 2; ++i) ASSERT_TRUE(eventually([&] { return is_traced(i); }));
  auto tracing = trace(program);
  program.tell("make 30");
  EXPECT_EQ(at_make_map(end(tracing)), 30 * kGrowthsOfAMap);
  program.tell("make 30");
  EXPECT_TRUE(eventually([&] { return growths(0) == 60 * kGrowthsOfAMap; })) << growths(0);
  daemons[0].send_signal(SIGKILL);
  daemons[0].wait();
  program.tell("make 30");
  EXPECT_TRUE(eventually([&] { return growths(1) == 90 * kGrowthsOfAMap; })) << growths(1);
  program.quit();
}

// kill -9 at any moment: no probe stays, the port is free again, and the next one counts.
TEST_P(Faults, DaemonIsKilledAtAnyMoment) {
  if (run({"curl", "--version"}).ending.code != 0) GTEST_SKIP() << "no curl";
  const int times = is_full() ? 100 : 3;
  std::minstd_rand random(7);
  StormProgram program(program_);
  program.tell("storm 1");
  std::string address = "127.0.0.1:0";
  int left_behind = 0;
  for (int i = 0; i < times; ++i) {
    Child daemon(
        {gomapd_path(), "daemon", "--web.listen-address", address, "--match-exe", "faultsprogram"});
    // From before it listens until it samples.
    if (i == 0) address = address_of(daemon);
    std::this_thread::sleep_for(milliseconds(random() % 2000));
    daemon.send_signal(SIGKILL);
    daemon.wait();
    // The kernel takes them out as it closes the links, which may be after the end. One
    // that is killed while it puts probes in or out may leave some behind (Linux 6.18
    // kernel/events/uprobes.c: uprobe_unregister_nosync, "leaking uprobe": the write to
    // the program's memory gives up where a fatal signal is pending). They cost hits, do
    // no other harm, and go with the next daemon's, which is tested below.
    for (int j = 0; j < 50 && breakpoints_in(program.pid(), program_).changed != 0; ++j)
      std::this_thread::sleep_for(milliseconds(20));
    left_behind += breakpoints_in(program.pid(), program_).changed != 0 ? 1 : 0;
  }
  EXPECT_LE(left_behind, 1 + times / 10);
  program.tell("stop");
  Child daemon(
      {gomapd_path(), "daemon", "--web.listen-address", address, "--match-exe", "faultsprogram"});
  EXPECT_EQ(address_of(daemon), address) << daemon.errors();
  const auto page = [&] {
    return parse_metrics(run({"curl", "-sS", "http://" + address + "/metrics"}).output);
  };
  ASSERT_TRUE(eventually([&] { return sum_of(page(), "gomapd_processes", "traced") == 1; }));
  program.tell("make 25");
  EXPECT_TRUE(eventually([&] {
    return sum_of(page(), "gomapd_site_growths_total", "makeMap") == 25 * kGrowthsOfAMap;
  }));
  daemon.send_signal(SIGTERM);
  EXPECT_EQ(daemon.wait().code, 0) << daemon.errors();
  EXPECT_EQ(breakpoints_in(program.pid(), program_).changed, 0);
  program.quit();
}

// A program that calls growth functions with forged maps, tables and types: what can't
// be read is said, nothing is made up of the rest, and the trace goes on.
TEST_P(Faults, TargetForgesItsMaps) {
  const auto built =
      build_go(GetParam(), source_folder() / "tests/live/go/forger", {"-ldflags=-checklinkname=0"});
  if (!built) GTEST_SKIP() << "this toolchain doesn't build it: " << built.error();
  for (const std::string kind : {"null", "wild", "kernel", "odd", "full", "loops"}) {
    const auto ended =
        run({gomapd_path(), "trace", "--json", "-o", folder_ / "out", "--", *built, kind});
    ASSERT_EQ(ended.ending.code, 0) << kind << ": " << ended.errors;
    std::istringstream lines(read_file(folder_ / "out"));
    Json last;
    for (std::string line; std::getline(lines, line);) last = Json::parse(line);
    EXPECT_EQ(last["event"], "summary") << kind;
    std::uint64_t honest = 0;
    for (const auto& site : last["sites"])
      if (site["function"] == "main.main") honest += site["growths"].get<std::uint64_t>();
    EXPECT_EQ(honest, kGrowthsOfAMap) << kind << last["sites"];
    EXPECT_GE(last["counts"]["growth_started"].get<std::uint64_t>(), honest) << kind;
  }
}

// Each lack is one line and an exit code, never an abort.
TEST_P(Faults, ResourcesAreScarce) {
  StormProgram program(program_);
  const auto pid = std::to_string(program.pid());
  const auto limited = [&](const std::string& limit) {
    const auto ended = run({"prlimit", limit, gomapd_path(), "trace", "-d", "200ms", "-p", pid});
    EXPECT_TRUE(ended.ending.in_time);
    EXPECT_EQ(ended.ending.signal, 0) << limit << ": " << ended.errors;
    if (ended.ending.code != 0) {
      EXPECT_EQ(std::count(ended.errors.begin(), ended.errors.end(), '\n'), 1) << ended.errors;
    }
    return ended.ending.code;
  };
  for (int files = 6; files < 40; files += is_full() ? 1 : 5)
    limited("--nofile=" + std::to_string(files));
  for (int mib = 16; mib < 400; mib += is_full() ? 8 : 64)
    limited("--as=" + std::to_string(mib << 20));
  EXPECT_EQ(limited("--nofile=1024"), 0);
  EXPECT_EQ(breakpoints_in(program.pid(), program_).changed, 0);
  program.quit();
}

// One line and an exit code, and what was written by then is a recording. The program does
// not notice.
TEST_P(Faults, DiskFillsUpWhileRecording) {
  const auto disk = folder_ / "disk";
  fs::create_directory(disk);
  if (run({"unshare", "-m", "mount", "-t", "tmpfs", "none", disk}).ending.code != 0)
    GTEST_SKIP() << "no file system can be mounted here";
  StormProgram program(program_);
  program.tell("storm 2");
  const auto ended = run({"unshare", "-m", "sh", "-c",
                          R"(mount -t tmpfs -o size=256k none "$0" || exit 99
                             "$1" record -d 60s -o "$0/recording" -p "$2"; code=$?
                             "$1" report "$0/recording" || exit 98
                             exit $code)",
                          disk, gomapd_path(), std::to_string(program.pid())});
  EXPECT_EQ(ended.ending.code, 1) << ended.errors;
  EXPECT_NE(ended.errors.find("could not be written: No space left on device"), std::string::npos)
      << ended.errors;
  EXPECT_NE(ended.output.find("growths in "), std::string::npos) << ended.output;
  EXPECT_EQ(breakpoints_in(program.pid(), program_).changed, 0);
  EXPECT_GT(program.tell("stop"), 0);
  program.quit();
}

INSTANTIATE_TEST_SUITE_P(Live, Faults, testing::ValuesIn(one_of_each_design()),
                         [](const auto& build) { return name_of(build.param); });

}  // namespace
}  // namespace gomapd::live
