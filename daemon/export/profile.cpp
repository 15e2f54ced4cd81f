// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/profile.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <ranges>

#include "daemon/export/terminal.h"

namespace gomapd::exporter {
namespace {

std::string without_semicolons(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (const char c : name) {
    if (c == ';')
      out += "\\x3b";
    else
      out += c;
  }
  return out;
}

}  // namespace

std::string_view name_of(Weight weight) {
  switch (weight) {
    case Weight::kGrowths: return "growths";
    case Weight::kBytes: return "grown_bytes";
    case Weight::kTime: return "growth_time";
  }
  return "";
}

std::string_view unit_of(Weight weight) {
  switch (weight) {
    case Weight::kGrowths: return "count";
    case Weight::kBytes: return "bytes";
    case Weight::kTime: return "nanoseconds";
  }
  return "";
}

std::uint64_t weight_of(const model::StackSummary& stack, Weight weight) {
  switch (weight) {
    case Weight::kGrowths: return stack.counts.started;
    case Weight::kBytes: return stack.cost.bytes;
    case Weight::kTime: return stack.cost.growing_ns;
  }
  return 0;
}

std::string frame_name(const symbol::Frame& frame) {
  return frame.function.empty() ? std::string(kUnknownFrame) : escape(frame.function);
}

std::vector<std::string> frame_names(const model::Stack& stack) {
  if (stack.empty()) return {std::string(kUnknownFrame)};
  std::vector<std::string> names;
  names.reserve(stack.size() + 1);
  if (model::is_truncated(stack)) names.emplace_back(kTruncatedFrame);
  for (const auto& frame : std::views::reverse(stack)) names.push_back(frame_name(frame));
  return names;
}

std::vector<std::string> profile_notes(const TraceReport& report) {
  std::vector<std::string> notes;
  const auto note = [&](std::uint64_t count, std::string_view what) {
    if (count != 0) notes.push_back(fmt::format("{} {}", human_count(count), what));
  };
  note(report.summary.counts.in_progress(), "growths have no end, and so no time");
  note(report.siteless_growths(), "growths have no stack: too many different ones");
  note(report.uncounted_hits(), "probe hits could not be read or kept and are not counted");
  return notes;
}

std::string folded_stacks(const TraceReport& report, Weight weight) {
  std::map<std::string, std::uint64_t> lines;
  for (const auto& stack : report.summary.stacks) {
    std::string line;
    for (const auto& name : frame_names(*stack.stack)) {
      if (!line.empty()) line += ';';
      line += without_semicolons(name);
    }
    lines[line] += weight_of(stack, weight);
  }
  std::string text;
  for (const auto& [line, sum] : lines)
    if (sum != 0) text += fmt::format("{} {}\n", line, sum);
  return text;
}

}  // namespace gomapd::exporter
