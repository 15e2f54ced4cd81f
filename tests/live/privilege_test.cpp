// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// What gomapd holds, and that it takes nothing from what it starts.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "tests/live/daemon_fixture.h"
#include "tests/live/lab.h"
#include "tests/live/run.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

// The values of /proc/…/status.
std::map<std::string, std::string> status_of(const std::filesystem::path& task) {
  std::ifstream file(task / "status");
  std::map<std::string, std::string> values;
  for (std::string line; std::getline(file, line);)
    if (const auto colon = line.find(":\t"); colon != std::string::npos)
      values[line.substr(0, colon)] = line.substr(colon + 2);
  return values;
}

TEST(Privilege, OfAStartedCommandIsOurs) {
  GOMAPD_LIVE_OR_SKIP();
  const auto build = any_swiss();
  if (!build) GTEST_SKIP() << "no Go toolchain";
  const auto truth = build_truth(*build);
  ASSERT_TRUE(truth.has_value()) << truth.error();
  ScratchFolder folder;
  Child trace({gomapd_path(), "trace", "--", *truth, "-wait", "-out", folder / "truth", "none"});
  ASSERT_TRUE(trace.wait_for_errors("tracing process ")) << trace.errors();
  ASSERT_TRUE(trace.wait_for_output("ready\n")) << trace.errors();
  const auto told = trace.errors();
  const auto at = told.find("tracing process ") + std::string("tracing process ").size();
  auto command = status_of(fs::path("/proc") / told.substr(at, told.find(' ', at) - at));
  auto ours = status_of("/proc/self");
  for (const auto* field : {"CapEff", "CapPrm", "CapBnd", "CapInh", "NoNewPrivs", "Seccomp"})
    EXPECT_EQ(command[field], ours[field]) << field;
  EXPECT_EQ(command["Seccomp"], "0");
  EXPECT_EQ(command["NoNewPrivs"], "0");
  trace.feed("w");
  EXPECT_EQ(trace.wait().code, 0) << trace.errors();
}

class DaemonPrivileges : public DaemonTest {};

TEST_P(DaemonPrivileges, HoldsNoMoreThanItNeedsWhileItCounts) {
  // CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_CHECKPOINT_RESTORE, and,
  // where there is no uprobe_multi, CAP_SYS_ADMIN.
  constexpr std::uint64_t kNeeded =
      1ULL << 39U | 1ULL << 38U | 1ULL << 19U | 1ULL << 2U | 1ULL << 40U | 1ULL << 21U;
  start();
  auto program = waiting_program(folder_ / "truth", {"sizes", "kinds"});
  const auto before = sum_of(metrics(), "gomapd_map_growths_total");
  program.feed("w");
  ASSERT_TRUE(program.wait_for_output("done\n"));
  const auto expected = started(Json::parse(read_file(folder_ / "truth")));
  EXPECT_TRUE(eventually([&] {
    return sum_of(metrics(), "gomapd_map_growths_total") - before == static_cast<double>(expected);
  })) << sum_of(metrics(), "gomapd_map_growths_total") - before
      << " of " << expected;
  std::size_t threads = 0;
  const auto tasks = fs::path("/proc") / std::to_string(daemon_->pid()) / "task";
  for (const auto& task : fs::directory_iterator(tasks)) {
    auto status = status_of(task.path());
    if (status.empty()) continue;  // one of a connection, gone
    ++threads;
    for (const auto* set : {"CapPrm", "CapEff", "CapBnd"})
      EXPECT_EQ(std::stoull(status[set], nullptr, 16) & ~kNeeded, 0U) << set << status[set];
    for (const auto* set : {"CapInh", "CapAmb"})
      EXPECT_EQ(std::stoull(status[set], nullptr, 16), 0U) << set;
    EXPECT_EQ(status["NoNewPrivs"], "1");
    EXPECT_EQ(status["Seccomp"], "2");
  }
  EXPECT_GE(threads, 3U);
  // It still reads what it is told to read again.
  daemon_->send_signal(SIGHUP);
  EXPECT_TRUE(daemon_->wait_for_errors("the configuration was read again")) << daemon_->errors();
}

INSTANTIATE_TEST_SUITE_P(Live, DaemonPrivileges, testing::ValuesIn(one_of_each_design()),
                         [](const auto& build) { return name_of(build.param); });

}  // namespace
}  // namespace gomapd::live
