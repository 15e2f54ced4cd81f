// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// gomapd_matrix RESULTS PAGE RUNS busy|idle [PATTERN...]
//
// Runs every cell of the matrix whose name fits a shell pattern RUNS times, or as
// often as is still missing in RESULTS, and writes the PAGE from all results; the
// cells of the first pattern come first. Keeps the second processor busy
// meanwhile, if asked. Exit code: 1 if anything was wrong.
#include <fmt/format.h>
#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/live/lab.h"
#include "tests/live/run.h"
#include "tests/matrix/page.h"
#include "tests/matrix/programs.h"

namespace gomapd::matrix {
namespace {

constexpr int kBucketRuns = 1;

struct Task {
  live::Build build;
  Detail detail = Detail::kGrowth;
  int runs = 0;

  CellName cell() const { return {live::name_of(build), detail}; }
};

void add_tasks(std::vector<Task>& tasks, const std::string& pattern, int runs) {
  for (const auto& build : live::whole_matrix()) {
    const auto name = live::name_of(build);
    const bool known = std::ranges::any_of(
        tasks, [&](const Task& task) { return live::name_of(task.build) == name; });
    if (known || fnmatch(pattern.c_str(), name.c_str(), 0) != 0) continue;
    tasks.push_back({build, Detail::kGrowth, runs});
    if (live::has_classic_maps(build)) tasks.push_back({build, Detail::kBuckets, kBucketRuns});
  }
}

// Ends with this process, however that ends.
std::optional<live::Child> busy_neighbour() {
  if (std::thread::hardware_concurrency() < 2) return std::nullopt;
  return live::Child({"taskset", "-c", "1", "sh", "-c", "while :; do :; done"});
}

// On a terminal one line that is drawn anew, elsewhere a line for each cell.
class Progress {
 public:
  Progress(std::size_t tasks, int runs_left) : tasks_(tasks), runs_left_(runs_left) {}

  void begin(const Task& task) {
    ++task_;
    draw(task, 0);
  }
  void ran(const Task& task, int run) {
    ++runs_done_;
    --runs_left_;
    draw(task, run);
  }
  void end(const Task& task, const std::string& outcome) const {
    fmt::print(stderr, "{}[{}/{}] {} {}: {}\n", erase_, task_, tasks_, live::name_of(task.build),
               to_string(task.detail), outcome);
  }

 private:
  using Clock = std::chrono::steady_clock;

  void draw(const Task& task, int run) const {
    if (erase_[0] == '\0') return;
    const auto spent = std::chrono::duration<double, std::ratio<60>>(Clock::now() - begun_);
    const auto left = runs_done_ > 0 ? fmt::format("about {:.0f} min left",
                                                   spent.count() / runs_done_ * runs_left_)
                                     : "building";
    fmt::print(stderr, "{}[{}/{}] {} {}: run {} of {}, {}", erase_, task_, tasks_,
               live::name_of(task.build), to_string(task.detail), run, task.runs, left);
  }

  std::size_t tasks_;
  std::size_t task_ = 0;
  int runs_left_;
  int runs_done_ = 0;
  Clock::time_point begun_ = Clock::now();
  const char* erase_ = isatty(STDERR_FILENO) != 0 ? "\r\x1b[K" : "";
};

// As far as can be known before the programs are built.
int missing_runs(const std::vector<Task>& tasks, const Results& results) {
  int missing = 0;
  for (const auto& task : tasks) {
    const auto* sum = results.find(task.cell());
    missing += std::max(0, task.runs - (sum == nullptr ? 0 : sum->runs));
  }
  return missing;
}

// False where the results can't be kept.
bool run_task(const Task& task, Results& results, Progress& progress) {
  const Cell cell(task.build, task.detail);
  const auto known = [&] { return results.find(task.cell(), cell.program()); };
  while (known() == nullptr || known()->verdict != Verdict::kExact || known()->runs < task.runs) {
    const auto outcome = cell.run();
    if (!results.add(task.cell(), cell.program(), outcome)) return false;
    progress.ran(task, known()->runs);
    if (outcome.verdict != Verdict::kExact) break;
  }
  const auto* sum = known();
  progress.end(task, sum->verdict == Verdict::kExact
                         ? fmt::format("exact in {} runs, {} compared", sum->runs, sum->compared)
                         : fmt::format("{}: {}", to_string(sum->verdict), sum->why));
  return true;
}

// Of the bytes of gomapd: FNV-1a, as nothing depends on its strength.
std::string identity_of(const std::filesystem::path& program) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : live::read_file(program))
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return fmt::format("{:016x}", hash);
}

Circumstances circumstances(bool busy) {
  auto version = live::run({live::gomapd_path(), "--version"}).output;
  while (version.ends_with('\n')) version.pop_back();
  return {.gomapd = version,
          .machine = fmt::format("amd64 with {} processors", std::thread::hardware_concurrency()),
          .busy = busy};
}

int usage() {
  fmt::print(stderr, "usage: gomapd_matrix RESULTS PAGE RUNS busy|idle [PATTERN...]\n");
  return 2;
}

int run_matrix(int argc, char** argv) {
  if (argc < 5) return usage();
  const int runs = atoi(argv[3]);
  const bool wants_busy = std::string_view(argv[4]) == "busy";
  std::vector<Task> chosen;
  for (int i = 5; i < argc; ++i) add_tasks(chosen, argv[i], runs);
  if (argc == 5) add_tasks(chosen, "*", runs);
  if (runs < 1 || chosen.empty()) return usage();
  if (const auto missing = live::missing_for_tracing(); !missing.empty()) {
    fmt::print(stderr, "gomapd_matrix: {}\n", missing);
    return 3;
  }
  Results results(argv[1], identity_of(live::gomapd_path()));
  bool busy = false;
  {
    const auto neighbour = wants_busy ? busy_neighbour() : std::nullopt;
    busy = neighbour.has_value();
    Progress progress(chosen.size(), missing_runs(chosen, results));
    for (const auto& task : chosen) {
      progress.begin(task);
      if (run_task(task, results, progress)) continue;
      fmt::print(stderr, "gomapd_matrix: {} can't be written\n", argv[1]);
      return 1;
    }
  }
  live::write_file(argv[2], page(results, inspect_programs(), circumstances(busy)));
  int wrong = 0;
  for (const auto& task : chosen)
    wrong += results.find(task.cell())->verdict == Verdict::kWrong ? 1 : 0;
  fmt::print(stderr, "gomapd_matrix: {} cells, {} wrong; {}\n", chosen.size(), wrong, argv[2]);
  return wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace gomapd::matrix

int main(int argc, char** argv) {
  return gomapd::matrix::run_matrix(argc, argv);
}
