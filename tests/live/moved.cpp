// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/live/moved.h"

#include <map>
#include <set>
#include <sstream>

namespace gomapd::live {
namespace {

struct Told {
  int64_t moved = -1;
  int64_t half_grown = -1;
};

Told told_by(const Traced& traced) {
  std::istringstream output(traced.gomapd.output);
  Told told;
  output >> told.moved >> told.half_grown;
  return told;
}

// Of the program's own maps; the runtime grows some, too.
bool is_ours(const Json& line) {
  static const std::set<std::string> kTypes{"map[uint64]int", "map[uint32]int", "map[string]int",
                                            "map[main.wide]int"};
  const auto& type = line.value("map_type", Json());
  return type.is_string() && kTypes.contains(type.get<std::string>());
}

}  // namespace

Built build_moved(const Build& build) {
  return build_go(build, source_folder() / "tests/live/go/moved");
}

Traced trace_moved(const std::filesystem::path& program) {
  return trace_command(program, {}, {"--detail", "buckets", "--ring-bytes", "67108864"});
}

int64_t buckets_moved(const Traced& traced) {
  return told_by(traced).moved;
}

Problems check_moved(const Traced& traced) {
  Problems problems;
  if (traced.gomapd.ending.code != 0) {
    problems.add("gomapd failed", traced.gomapd.errors);
    return problems;
  }
  const auto program = told_by(traced);
  if (program.half_grown < 1) problems.add("the program left no map half grown");
  if (traced.report.summary.value("lost_events", -1) != 0) problems.add("events were lost");
  if (traced.report.summary.value("model_divergences", -1) != 0) {
    problems.add("the model would have done otherwise");
  }
  int64_t ours = 0;
  for (const auto& line : traced.report.lines)
    ours += line["event"] == "bucket_evacuated" && is_ours(line) ? 1 : 0;
  if (ours != program.moved) {
    problems.add("moved buckets", "got " + std::to_string(ours) + ", the program saw " +
                                      std::to_string(program.moved));
  }
  if (lines_of(traced.report, "bucket_evacuated") != count(traced.report, "bucket_evacuated")) {
    problems.add("the summary counts other buckets than the lines");
  }
  return problems;
}

Problems check_progress(const Traced& traced) {
  Problems problems;
  std::map<std::string, std::set<int64_t>> moved;  // by map, of the growth under way
  for (const auto& line : traced.report.lines) {
    if (!line.contains("map") || !is_ours(line)) continue;
    const auto& event = line["event"];
    auto& buckets = moved[line["map"]];
    if (event == "growth_started") buckets.clear();
    if (event == "bucket_evacuated") {
      if (!buckets.insert(line["bucket"].get<int64_t>()).second)
        problems.add("a bucket moved twice", line.dump());
      if (line["bucket"] >= line["old_buckets"])
        problems.add("a bucket that there is not", line.dump());
      if (line["evacuated"] != std::ssize(buckets))
        problems.add("another number of buckets has moved", line.dump());
    }
    if (event == "growth_finished" && line["old_buckets"] != std::ssize(buckets))
      problems.add("an end before all buckets have moved", line.dump());
  }
  return problems;
}

}  // namespace gomapd::live
