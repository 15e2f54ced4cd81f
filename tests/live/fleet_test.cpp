// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// A host with many Go programs, and with many that live for a moment: the daemon sees
// all of them, keeps nothing of those that have gone, and its page stays quick.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/live/lab.h"
#include "tests/live/pages.h"
#include "tests/live/tracing.h"
#include "tests/support/go_build.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

constexpr int kPrograms = 20;
constexpr int kProcesses = 200;
constexpr int kShortRuns = 1500;    // of the programs that are known by then
constexpr int kNewPrograms = 25;    // never seen before
constexpr int kRunsOfNewOnes = 20;  // each; the first before it is known

// Each program needs one processor's share of the runtime, no more.
const SpawnOptions kSmall{.environment = {"GOMAXPROCS=1"}};

std::uint64_t started(const std::string& truth) {
  return Json::parse(truth)["started"].get<std::uint64_t>();
}

// Programs that tell their truths, each on one line.
std::uint64_t started_by_all(const std::string& truths) {
  std::uint64_t sum = 0;
  std::istringstream lines(truths);
  for (std::string line; std::getline(lines, line);) sum += started(line);
  return sum;
}

// What a process holds.
struct Holdings {
  std::size_t fds = 0;
  std::size_t links = 0;  // of BPF programs
  std::size_t resident_kib = 0;
};

Holdings holdings_of(pid_t pid) {
  const auto folder = fs::path("/proc") / std::to_string(pid);
  Holdings holdings;
  std::error_code gone;  // since the folder was read
  for (const auto& entry : fs::directory_iterator(folder / "fd")) {
    ++holdings.fds;
    if (fs::read_symlink(entry, gone) == "anon_inode:bpf_link") ++holdings.links;
  }
  std::ifstream status(folder / "status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) holdings.resident_kib = std::stoul(line.substr(6));
  return holdings;
}

// Asks for a page again and again, and keeps how long each answer took.
class Scraper {
 public:
  Scraper(std::string url, fs::path page)
      : thread_([this, url = std::move(url), page = std::move(page)](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            const auto got = run({"curl", "-sS", "--max-time", "30", "-o", page, "-w",
                                  "%{time_total} %{size_download}\n", url});
            if (got.ending.code != 0) ++failures_;
            answers_ += got.output;
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
          }
        }) {}

  struct Times {
    std::vector<double> ms;  // ascending
    int failures = 0;
    double largest_page = 0;
  };
  Times stop() {
    thread_.request_stop();
    thread_.join();
    Times times{{}, failures_, 0};
    std::istringstream answers(answers_);
    for (double seconds = 0, bytes = 0; answers >> seconds >> bytes;) {
      times.ms.push_back(seconds * 1000);
      times.largest_page = std::max(times.largest_page, bytes);
    }
    std::ranges::sort(times.ms);
    return times;
  }

 private:
  int failures_ = 0;  // these two: the thread's until it has ended
  std::string answers_;
  std::jthread thread_;
};

class FleetLive : public testing::Test {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    const auto build = any_swiss();
    if (!build) GTEST_SKIP() << "no toolchain with Swiss maps";
    if (run({"curl", "--version"}).ending.code != 0) GTEST_SKIP() << "no curl";
    const auto built = build_truth(*build);
    ASSERT_TRUE(built.has_value()) << built.error();
    truth_ = *built;
    allow_many_files();
    write_file(folder_ / "gomapd.yaml", "trace: {scan_interval: 1s}\n");
    daemon_.emplace(Arguments{gomapd_path(), "daemon", "--config", folder_ / "gomapd.yaml",
                              "--web.listen-address", "127.0.0.1:0", "--match-exe", "fleet*",
                              "--metrics.linger", "10s"});
    address_ = address_of(*daemon_);
    ASSERT_FALSE(address_.empty()) << daemon_->errors();
  }

  // Three for each program that waits.
  static void allow_many_files() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
    setrlimit(RLIMIT_NOFILE, &limit);
  }

  // A file of its own: other bytes, another inode.
  fs::path make_program(const std::string& name) {
    const auto file = folder_ / name;
    fs::copy_file(truth_, file);
    std::ofstream(file, std::ios::app | std::ios::binary) << name;
    return file;
  }
  std::vector<fs::path> make_programs(const std::string& prefix, int count) {
    std::vector<fs::path> programs;
    for (int i = 0; i < count; ++i) programs.push_back(make_program(prefix + std::to_string(i)));
    return programs;
  }

  [[nodiscard]] Metrics metrics() const {
    const auto got = run({"curl", "-sS", "--max-time", "30", "http://" + address_ + "/metrics"});
    EXPECT_EQ(got.ending.code, 0) << got.errors;
    return parse_metrics(got.output);
  }
  [[nodiscard]] double traced() const {
    return sum_of(metrics(), "gomapd_processes", "state=\"traced\"");
  }
  [[nodiscard]] double growths(const std::string& exe = "") const {
    return sum_of(metrics(), "gomapd_map_growths_total", exe);
  }
  [[nodiscard]] bool growths_become(std::uint64_t expected, const std::string& exe = "") const {
    return eventually([&] { return growths(exe) == static_cast<double>(expected); });
  }

  // One process of each program in turn, `count` in all, that waits to be let work.
  std::vector<Child> start(const std::vector<fs::path>& programs, int count) {
    std::vector<Child> children;
    for (int i = 0; i < count; ++i)
      children.emplace_back(Arguments{programs[static_cast<std::size_t>(i) % programs.size()],
                                      "-wait", "-hold", "literal"},
                            kSmall);
    for (auto& child : children) EXPECT_TRUE(child.wait_for_output("ready\n")) << child.errors();
    return children;
  }
  // Lets them work; what they counted.
  static std::uint64_t work(std::vector<Child>& children) {
    for (const auto& child : children) child.feed("w");
    std::uint64_t sum = 0;
    for (auto& child : children) {
      const bool is_done = child.wait_for_output("done\n");
      EXPECT_TRUE(is_done) << child.output() << child.errors();
      if (!is_done) continue;
      const auto output = child.output();
      const auto begin = output.find('{');
      sum += started(output.substr(begin, output.find('\n', begin) - begin));
    }
    return sum;
  }

  // `runs` processes, one program after the other, each to its end; two at a time.
  static std::uint64_t run_shortly(const std::vector<fs::path>& programs, int runs) {
    const auto script = "i=0; while [ $i -lt " + std::to_string(runs / 2) +
                        " ]; do for program; do [ $i -lt " + std::to_string(runs / 2) +
                        " ] || exit 0; \"$program\" literal || exit 1; i=$((i + 1)); done; done";
    Arguments command{"sh", "-c", script, "sh"};
    for (const auto& program : programs) command.push_back(program);
    Child one(command, kSmall);
    Child other(command, kSmall);
    std::uint64_t sum = 0;
    for (auto* child : {&one, &other}) {
      EXPECT_EQ(child->wait().code, 0) << child->errors();
      sum += started_by_all(child->output());
    }
    return sum;
  }

  ScratchFolder folder_;
  fs::path truth_;
  std::optional<Child> daemon_;
  std::string address_;
};

std::string label_of(const fs::path& program) {
  return "exe=\"" + program.filename().string() + "\"";
}

std::size_t series_of_workloads(const Metrics& metrics) {
  return static_cast<std::size_t>(std::ranges::count_if(
      metrics, [](const auto& one) { return one.first.find("exe=\"") != std::string::npos; }));
}

TEST_F(FleetLive, SeesAllAndKeepsNothing) {
  ASSERT_EQ(growths(), 0);
  const auto at_start = holdings_of(daemon_->pid());
  // Before anybody forks: a file that is still open for writing elsewhere can't be run.
  const auto programs = make_programs("fleet", kPrograms);
  const auto others = make_programs("fleetnew", kNewPrograms);
  Scraper scraper("http://" + address_ + "/metrics", folder_ / "page");

  auto fleet = start(programs, kProcesses);
  EXPECT_TRUE(eventually([&] { return traced() == kProcesses; })) << traced();
  auto expected = work(fleet);
  EXPECT_TRUE(growths_become(expected)) << growths() << " of " << expected;

  // Their binaries have probes: each is counted from its first instruction.
  expected += run_shortly(programs, kShortRuns);
  EXPECT_TRUE(growths_become(expected)) << growths() << " of " << expected;

  // Of a binary that nobody ran before, what a process does before the probes are in is
  // not counted: at most what it did, then. The second one waits for them.
  std::map<fs::path, std::uint64_t> first_run;
  for (const auto& program : others) first_run[program] = started(run({program, "literal"}).output);
  auto second = start(others, kNewPrograms);
  EXPECT_TRUE(eventually([&] { return traced() == kProcesses + kNewPrograms; })) << traced();
  const auto at_most = [&] {
    std::uint64_t sum = 0;
    for (const auto& [program, count] : first_run) sum += count;
    return static_cast<double>(sum);
  }();
  const auto of_first_runs = growths() - static_cast<double>(expected);
  EXPECT_GE(of_first_runs, 0);
  EXPECT_LE(of_first_runs, at_most);
  expected += static_cast<std::uint64_t>(of_first_runs);
  expected += work(second);
  expected += run_shortly(others, kNewPrograms * (kRunsOfNewOnes - 2));
  EXPECT_TRUE(growths_become(expected)) << growths() << " of " << expected;
  for (const auto& program : others)
    EXPECT_GE(growths(label_of(program)), static_cast<double>(first_run[program])) << program;

  const auto busy = holdings_of(daemon_->pid());
  for (const auto& [series, value] : metrics())
    if (series.starts_with("gomapd_limit_hits_total{")) {
      EXPECT_EQ(value, 0) << series;
    }
  EXPECT_EQ(sum_of(metrics(), "gomapd_model_divergences_total"), 0);

  // All go, and nobody can run their files again.
  for (auto* group : {&fleet, &second}) {
    for (const auto& child : *group) child.feed("x");
    for (auto& child : *group) EXPECT_EQ(child.wait().code, 0) << child.errors();
  }
  for (const auto* group : {&programs, &others})
    for (const auto& program : *group) fs::remove(program);
  EXPECT_TRUE(eventually([&] { return traced() == 0; })) << traced();
  EXPECT_TRUE(eventually([&] { return series_of_workloads(metrics()) == 0; }))
      << series_of_workloads(metrics());
  const auto times = scraper.stop();
  Holdings at_end;
  EXPECT_TRUE(eventually([&] {
    at_end = holdings_of(daemon_->pid());
    return at_end.fds <= at_start.fds && at_end.links <= at_start.links;
  })) << at_end.fds
      << " descriptors, " << at_end.links << " links; at the start " << at_start.fds << ", "
      << at_start.links;

  std::printf(
      "the daemon at start, busy, at end: %zu, %zu, %zu descriptors; %zu, %zu, %zu links; "
      "%zu, %zu, %zu KiB\n",
      at_start.fds, busy.fds, at_end.fds, at_start.links, busy.links, at_end.links,
      at_start.resident_kib, busy.resident_kib, at_end.resident_kib);
  // What the allocator keeps of a busy time, and what the last minutes' profiles need.
  constexpr std::size_t kToleranceKib = 32U << 10U;
  EXPECT_LE(at_end.resident_kib, at_start.resident_kib + kToleranceKib);
  ASSERT_FALSE(times.ms.empty());
  std::printf(
      "%zu scrapes, at most %.0f bytes: median %.1f ms, 99th percentile %.1f ms, slowest %.1f ms\n",
      times.ms.size(), times.largest_page, times.ms[times.ms.size() / 2],
      times.ms[times.ms.size() * 99 / 100], times.ms.back());
  EXPECT_EQ(times.failures, 0);
  // A page in less than 50 ms is what is promised. The median, as others use the
  // processors of a test machine, too: one late answer may be theirs.
  EXPECT_LT(times.ms[times.ms.size() / 2], 50);
}

}  // namespace
}  // namespace gomapd::live
