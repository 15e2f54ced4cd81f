// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// What hosts do to the daemon, and what it promises then.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/live/cgroup.h"
#include "tests/live/daemon_fixture.h"
#include "tests/live/probes_in.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

class DaemonFaults : public DaemonTest {
 protected:
  // The daemon's child processes: the two that start readers, and readers, which rest
  // after some seconds without questions. The oldest first.
  [[nodiscard]] std::vector<pid_t> children() const {
    const auto pid = std::to_string(daemon_->pid());
    std::ifstream file(fs::path("/proc") / pid / "task" / pid / "children");
    std::vector<pid_t> all;
    for (pid_t child = 0; file >> child;) all.push_back(child);
    return all;
  }
  [[nodiscard]] double lost() const { return metrics()["gomapd_reader_workshops_lost_total"]; }
};

// By an operator, or the kernel when memory is out.
TEST_P(DaemonFaults, WhoStartsReadersIsKilled) {
  start();
  ASSERT_TRUE(eventually([&] { return children().size() == 2; })) << daemon_->errors();
  const auto before = children();
  ASSERT_EQ(kill(before.front(), SIGKILL), 0);
  // A file that it does not know.
  auto program = waiting_program(folder_ / "truth", {"kinds"});
  EXPECT_TRUE(eventually([&] { return lost() == 1; })) << daemon_->errors();
  ASSERT_TRUE(eventually([&] { return children().size() == 2; }));
  const auto after = children();
  EXPECT_EQ(after.front(), before.back());
  EXPECT_NE(after.back(), before.back());
  program.feed("w");
  ASSERT_TRUE(program.wait_for_output("done\n"));
  const auto expected = started(Json::parse(read_file(folder_ / "truth")));
  EXPECT_TRUE(eventually([&] {
    return sum_of(metrics(), "gomapd_map_growths_total") >= static_cast<double>(expected);
  }));
  EXPECT_EQ(lost(), 1);
  const auto log = daemon_->errors();
  const std::string told = std::to_string(before.front()) + " that starts readers";
  EXPECT_NE(log.find(told), std::string::npos) << log;
  EXPECT_EQ(log.find(told), log.rfind(told)) << "told once: " << log;
  EXPECT_EQ(get("/-/ready"), "gomapd is ready.\n");
}

// Nothing new could be traced any more, so it ends, and who supervises it starts it again.
TEST_P(DaemonFaults, NobodyIsLeftToStartReaders) {
  start();
  ASSERT_TRUE(eventually([&] { return children().size() == 2; })) << daemon_->errors();
  auto program = waiting_program(folder_ / "truth", {"none"});
  ASSERT_TRUE(eventually([&] { return children().size() == 2; })) << "its reader rests";
  for (const auto pid : children()) ASSERT_EQ(kill(pid, SIGKILL), 0);
  EXPECT_EQ(daemon_->wait().code, 1);
  EXPECT_NE(daemon_->errors().find("only a new start of gomapd"), std::string::npos)
      << daemon_->errors();
  program.feed("wx");
  EXPECT_EQ(program.wait().code, 0);
}

// Stopped in the middle of its work, as a hostile file's could stay there: others are
// found, analysed and counted meanwhile.
TEST_P(DaemonFaults, AReaderHangs) {
  start();
  ASSERT_TRUE(eventually([&] { return children().size() == 2; })) << daemon_->errors();
  const auto own = children();
  fs::copy_file(program_, folder_ / "daemonshang");
  Child hangs({folder_ / "daemonshang", "-wait", "-hold", "-out", folder_ / "none", "none"});
  pid_t reader = 0;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (reader == 0 && std::chrono::steady_clock::now() < end)
    for (const auto child : children())
      if (std::ranges::find(own, child) == own.end() && kill(child, SIGSTOP) == 0) reader = child;
  ASSERT_NE(reader, 0);
  ASSERT_EQ(traced(), 0) << "it was read before it was stopped";

  auto program = waiting_program(folder_ / "truth", {"kinds"});
  const auto before = sum_of(metrics(), "gomapd_map_growths_total");
  program.feed("w");
  ASSERT_TRUE(program.wait_for_output("done\n"));
  const auto expected = static_cast<double>(started(Json::parse(read_file(folder_ / "truth"))));
  const auto grown = [&] { return sum_of(metrics(), "gomapd_map_growths_total") - before; };
  EXPECT_TRUE(eventually([&] { return grown() == expected; })) << grown() << " of " << expected;
  EXPECT_EQ(traced(), 1);
  EXPECT_EQ(kill(reader, SIGCONT), 0);
  EXPECT_TRUE(eventually([&] { return traced() == 2; })) << daemon_->errors();
}

// Who is whose was settled when the process began; where it goes and what becomes of where
// it was does not change it.
TEST_P(DaemonFaults, TheControlGroupGoes) {
  const auto own = std::to_string(getpid());
  auto first = Cgroup::of_unit("gomapdfirst" + own + ".service");
  const auto second = Cgroup::of_unit("gomapdsecond" + own + ".service");
  if (!first || !second) GTEST_SKIP() << (first ? second : first).error();
  start();
  const auto begin = [&](const Cgroup& group, const char* truth) {
    Child child(group.running({program_, "-wait", "-hold", "-out", folder_ / truth, "kinds"}));
    EXPECT_TRUE(child.wait_for_output("ready\n")) << child.errors();
    return child;
  };
  auto moves = begin(*first, "moves");
  ASSERT_TRUE(eventually([&] { return traced() == 1; })) << daemon_->errors();
  const auto grown = [&](const std::string& unit) {
    return sum_of(metrics(), "gomapd_map_growths_total",
                  "unit=\"gomapd" + unit + own + ".service\"");
  };
  const auto before = grown("first");
  ASSERT_TRUE(second->take_in(moves.pid()));
  ASSERT_TRUE(first->remove());
  moves.feed("w");
  ASSERT_TRUE(moves.wait_for_output("done\n"));
  const auto expected = static_cast<double>(started(Json::parse(read_file(folder_ / "moves"))));
  EXPECT_TRUE(eventually([&] { return grown("first") - before == expected; })) << grown("first");

  auto stays = begin(*second, "stays");
  ASSERT_TRUE(eventually([&] { return traced() == 2; }));
  stays.feed("w");
  ASSERT_TRUE(stays.wait_for_output("done\n"));
  EXPECT_TRUE(eventually([&] { return grown("second") >= expected; })) << grown("second");
  EXPECT_EQ(grown("first") - before, expected);
  moves.feed("x");
  stays.feed("x");
  EXPECT_EQ(moves.wait().code, 0);
  EXPECT_EQ(stays.wait().code, 0);
}

// With less than the process itself takes, the kernel ends it; with a little more, it is one
// line and an exit code. Nothing is left in the program either way.
TEST_P(DaemonFaults, MemoryForBpfIsOut) {
  Child program({program_, "-wait", "-hold", "-out", folder_ / "truth", "none"});
  ASSERT_TRUE(program.wait_for_output("ready\n"));
  const auto pid = std::to_string(program.pid());
  const std::vector<Arguments> commands{
      {gomapd_path(), "trace", "-d", "200ms", "-p", pid},
      {gomapd_path(), "daemon", "--web.listen-address", "127.0.0.1:0", "--match-exe", "daemons*"}};
  int said = 0;
  for (const std::size_t mib : {8, 16, 24, 32}) {
    for (const auto& command : commands) {
      const auto group = Cgroup::with_memory("gomapdmemory" + std::to_string(getpid()), mib << 20U);
      if (!group) GTEST_SKIP() << group.error();
      const auto ended = run(group->running(command));
      EXPECT_TRUE(ended.ending.in_time);
      EXPECT_TRUE(ended.ending.code == 1 || ended.ending.signal == SIGKILL)
          << mib << " MiB: " << ended.ending.code << ended.errors;
      if (ended.ending.code != 1) continue;
      EXPECT_NE(ended.errors.find("Cannot allocate memory"), std::string::npos) << ended.errors;
      EXPECT_EQ(std::ranges::count(ended.errors, '\n'), 1) << ended.errors;
      ++said;
    }
  }
  EXPECT_GT(said, 0);
  EXPECT_EQ(breakpoints_in(program.pid(), program_).changed, 0);
  program.feed("wx");
  EXPECT_EQ(program.wait().code, 0);
}

// A child whose PID is `pid`, which is nobody's; or nothing, where the kernel can't be told
// (CONFIG_CHECKPOINT_RESTORE) or others always come first.
std::optional<Child> spawn_as(pid_t pid, const Arguments& command) {
  for (int i = 0; i < 100; ++i) {
    std::ofstream last("/proc/sys/kernel/ns_last_pid");
    if (!(last << pid - 1 << std::flush)) return std::nullopt;
    Child child(command);
    if (child.pid() == pid) return child;
  }
  return std::nullopt;
}

// By another program and then by one of the same file, as soon as it is free. Each keeps what it
// counted, and nothing of the one before.
TEST_P(DaemonFaults, AProcessIdIsReused) {
  start({"--metrics.pid"});
  const auto other = folder_ / "daemonsother";
  fs::copy_file(program_, other);
  const auto grown = [&](const char* exe) {
    return sum_of(metrics(), "gomapd_map_growths_total", "exe=\"" + std::string(exe) + "\"");
  };
  const auto work = [&](Child& child, const char* exe, const char* truth) {
    ASSERT_TRUE(child.wait_for_output("ready\n")) << child.errors();
    // Pages are a second old: what the one before, and the start of this one, brought is in.
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));
    ASSERT_TRUE(eventually([&] { return traced() == 1; })) << daemon_->errors();
    const auto before = grown(exe);
    child.feed("w");
    ASSERT_TRUE(child.wait_for_output("done\n"));
    child.feed("x");
    ASSERT_EQ(child.wait().code, 0);
    const auto expected =
        before + static_cast<double>(started(Json::parse(read_file(folder_ / truth))));
    EXPECT_TRUE(eventually([&] { return grown(exe) == expected; })) << grown(exe);
  };
  const auto command = [&](const fs::path& program, const char* truth) {
    return Arguments{program, "-wait", "-hold", "-out", folder_ / truth, "kinds"};
  };
  Child first(command(program_, "first"));
  const auto pid = first.pid();
  work(first, "daemonstruth", "first");
  const auto of_first = grown("daemonstruth");
  auto second = spawn_as(pid, command(other, "second"));
  if (!second) GTEST_SKIP() << "no process gets the PID that it is to have";
  work(*second, "daemonsother", "second");
  EXPECT_EQ(grown("daemonstruth"), of_first);
  const auto of_second = grown("daemonsother");
  auto third = spawn_as(pid, command(other, "third"));
  if (!third) GTEST_SKIP() << "no process gets the PID that it is to have";
  work(*third, "daemonsother", "third");
  EXPECT_GT(grown("daemonsother"), of_second);
  EXPECT_EQ(grown("daemonstruth"), of_first);
  EXPECT_EQ(metrics()["gomapd_model_divergences_total"], 0);
}

// What it says of itself lies in order and is as long as it was, whatever becomes of the clock.
TEST_P(DaemonFaults, TheClockIsSet) {
  const auto clock = folder_ / "clock.so";
  const auto compiled =
      run({"cc", "-shared", "-fPIC", "-o", clock, source_folder() / "tests/live/c/clock.c"});
  if (compiled.ending.code != 0) GTEST_SKIP() << "no C compiler: " << compiled.errors;
  start({}, {.environment = {"LD_PRELOAD=" + clock.string()}});
  auto program = waiting_program(folder_ / "truth", {"kinds"});
  const auto began = std::chrono::steady_clock::now();
  const auto before = sum_of(metrics(), "gomapd_map_growths_total");
  program.feed("w");
  ASSERT_TRUE(program.wait_for_output("done\n"));
  const auto expected = static_cast<double>(started(Json::parse(read_file(folder_ / "truth"))));
  const auto grown = [&] { return sum_of(metrics(), "gomapd_map_growths_total") - before; };
  EXPECT_TRUE(eventually([&] { return grown() == expected; })) << grown() << " of " << expected;
  const auto status = [&] { return Json::parse(get("/api/v1/status")); };
  ASSERT_TRUE(eventually([&] { return status()["history"].size() >= 2; }));
  const auto now = status();
  const auto all = Json::parse(get("/api/v1/workloads"));
  const auto seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  EXPECT_GT(now["running_ns"].get<double>(), 8e9);
  EXPECT_LT(now["running_ns"].get<double>(), (seconds + 60) * 1e9);
  std::int64_t last = 0;
  for (const auto& point : now["history"]) {
    const auto at = point[0].get<std::int64_t>();
    if (last != 0) {
      EXPECT_NEAR(static_cast<double>(at - last), 5e9, 2e9) << now["history"];
    }
    EXPECT_GE(point[1].get<double>(), 0);
    last = at;
  }
  const auto& process = all["workloads"][0]["processes"][0];
  const auto age = all["time_ns"].get<std::int64_t>() - process["since_ns"].get<std::int64_t>();
  EXPECT_GT(age, 5'000'000'000);
  EXPECT_LT(static_cast<double>(age), (seconds + 60) * 1e9);
  program.feed("x");
  EXPECT_EQ(program.wait().code, 0);

  const auto traced =
      run({gomapd_path(), "trace", "--json", "--", program_, "-out", folder_ / "truth", "kinds"},
          {.environment = {"LD_PRELOAD=" + clock.string()}});
  ASSERT_EQ(traced.ending.code, 0) << traced.errors;
  const auto summary =
      Json::parse(traced.output.substr(traced.output.rfind('\n', traced.output.size() - 2) + 1));
  EXPECT_GE(summary["counts"]["growth_started"].get<double>(), expected);
  EXPECT_LT(summary["duration_ns"].get<double>(), 60e9);
}

INSTANTIATE_TEST_SUITE_P(Live, DaemonFaults, testing::ValuesIn(one_of_each_design()),
                         [](const auto& build) { return name_of(build.param); });

}  // namespace
}  // namespace gomapd::live
