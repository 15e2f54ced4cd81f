// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/matrix/results.h"

#include <algorithm>
#include <array>
#include <fstream>

namespace gomapd::matrix {
namespace {

using live::Json;

constexpr std::array kVerdicts = {Verdict::kExact, Verdict::kRefused, Verdict::kUnavailable,
                                  Verdict::kWrong};

// Nothing where the line was cut off, or is another's.
std::optional<Outcome> outcome_in(const Json& line) {
  const auto verdict = line.value("verdict", "");
  const auto known = std::ranges::find_if(
      kVerdicts, [&](Verdict candidate) { return verdict == to_string(candidate); });
  if (known == kVerdicts.end()) return std::nullopt;
  return Outcome{.verdict = *known,
                 .compared = line.value("compared", std::int64_t{0}),
                 .why = line.value("why", "")};
}

}  // namespace

void add(Sum& sum, const Outcome& outcome) {
  sum.verdict = std::max(sum.verdict, outcome.verdict);
  if (outcome.verdict != Verdict::kExact) {
    sum.why = outcome.why;
    return;
  }
  ++sum.runs;
  sum.compared += outcome.compared;
}

Results::Results(std::filesystem::path file, std::string gomapd)
    : file_(std::move(file)), gomapd_(std::move(gomapd)) {
  std::ifstream lines(file_);
  for (std::string text; std::getline(lines, text);) {
    const auto line = Json::parse(text, nullptr, false);
    if (!line.is_object() || line.value("gomapd", "") != gomapd_) continue;
    const auto detail = line.value("detail", "") == to_string(Detail::kBuckets) ? Detail::kBuckets
                                                                                : Detail::kGrowth;
    if (const auto outcome = outcome_in(line))
      count({line.value("cell", ""), detail}, line.value("program", ""), *outcome);
  }
}

const Sum* Results::find(const CellName& cell) const {
  const auto found = entries_.find(cell);
  return found == entries_.end() ? nullptr : &found->second.sum;
}

const Sum* Results::find(const CellName& cell, const std::string& program) const {
  const auto found = entries_.find(cell);
  if (found == entries_.end() || found->second.program != program) return nullptr;
  return &found->second.sum;
}

bool Results::add(const CellName& cell, const std::string& program, const Outcome& outcome) {
  const Json line = {{"gomapd", gomapd_},
                     {"cell", cell.first},
                     {"detail", to_string(cell.second)},
                     {"program", program},
                     {"verdict", to_string(outcome.verdict)},
                     {"compared", outcome.compared},
                     {"why", outcome.why}};
  std::ofstream file(file_, std::ios::app);
  file << line.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
  if (!file.flush()) return false;
  count(cell, program, outcome);
  return true;
}

void Results::count(const CellName& cell, const std::string& program, const Outcome& outcome) {
  auto& entry = entries_[cell];
  // A failure is tried again, and stays where it still is one.
  const bool retried = entry.sum.verdict != Verdict::kExact;
  if (entry.program != program || retried) entry = {.program = program, .sum = {}};
  matrix::add(entry.sum, outcome);
}

}  // namespace gomapd::matrix
