// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/matrix/run.h"

#include "tests/live/lab.h"
#include "tests/live/moved.h"
#include "tests/live/tracing.h"

namespace gomapd::matrix {
namespace {

constexpr int kNoGoProgram = 4;  // the exit code with which gomapd refuses a binary

// Odd, so that no family of maps is left out: about a second a run.
constexpr const char* kScale = "5";

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

// The reason without the process and path before it, which differ from run to run.
std::string reason_in(const std::string& errors, const std::filesystem::path& program) {
  const auto line = first_line(errors);
  for (const auto& before : {program.string() + "): ", program.string() + ": "}) {
    const auto at = line.find(before);
    if (at != std::string::npos) return line.substr(at + before.size());
  }
  return line;
}

Outcome outcome_of(const live::Traced& traced, const live::Problems& problems,
                   std::int64_t compared, const std::filesystem::path& program) {
  if (traced.gomapd.ending.code == kNoGoProgram)
    return {.verdict = Verdict::kRefused, .why = reason_in(traced.gomapd.errors, program)};
  if (!problems.empty()) return {.verdict = Verdict::kWrong, .why = problems.text()};
  return {.verdict = Verdict::kExact, .compared = compared};
}

}  // namespace

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kExact: return "exact";
    case Verdict::kRefused: return "refused";
    case Verdict::kUnavailable: return "not available";
    case Verdict::kWrong: return "wrong";
  }
  return "";
}

const char* to_string(Detail detail) {
  return detail == Detail::kGrowth ? "growth" : "buckets";
}

Cell::Cell(const live::Build& build, Detail detail) : detail_(detail) {
  unavailable_ = live::missing_for(build);
  if (!unavailable_.empty()) return;
  const auto built =
      detail == Detail::kGrowth ? live::build_truth(build) : live::build_moved(build);
  if (!built) {
    unavailable_ = "does not build here: " + first_line(built.error());
    return;
  }
  program_ = *built;
  if (detail == Detail::kGrowth) baseline_ = live::baseline_of(program_, build.version);
}

Outcome Cell::run() const {
  if (!unavailable_.empty()) return {.verdict = Verdict::kUnavailable, .why = unavailable_};
  return detail_ == Detail::kGrowth ? run_growth() : run_buckets();
}

Outcome Cell::run_growth() const {
  const auto traced =
      live::trace_command(program_, {"-scale", kScale, "all"}, {"--ring-bytes", "67108864"});
  auto problems = live::check_exact(traced, baseline_);
  problems.add(baseline_.problems);
  if (traced.report.summary.value("lost_events", 0) != 0) problems.add("events were lost");
  const auto compared = problems.empty() ? traced.truth.value("started", std::int64_t{0}) : 0;
  return outcome_of(traced, problems, compared, program_);
}

Outcome Cell::run_buckets() const {
  const auto traced = live::trace_moved(program_);
  auto problems = live::check_moved(traced);
  if (problems.empty()) problems.add(live::check_progress(traced));
  return outcome_of(traced, problems, live::buckets_moved(traced), program_);
}

}  // namespace gomapd::matrix
