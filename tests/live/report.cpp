// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/live/report.h"

#include <sstream>

namespace gomapd::live {

void Problems::add(const std::string& what, const std::string& example) {
  auto& sort = found_[what];
  if (sort.times++ == 0) sort.example = example;
}

void Problems::add(const Problems& more) {
  for (const auto& [what, sort] : more.found_) {
    auto& own = found_[what];
    if (own.times == 0) own.example = sort.example;
    own.times += sort.times;
  }
}

std::string Problems::text() const {
  std::ostringstream out;
  for (const auto& [what, sort] : found_) {
    out << sort.times << " x " << what;
    if (!sort.example.empty()) out << ", first: " << sort.example;
    out << '\n';
  }
  return out.str();
}

Report parse_report(std::string_view text) {
  Report report;
  if (text.empty()) report.problems.add("the report is empty");
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) report.problems.add("the last line does not end");
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    auto value = Json::parse(line, nullptr, false);
    if (!value.is_object() || !value.value("event", Json()).is_string()) {
      report.problems.add("a line is no event", std::string(line));
    } else if (value["event"] != "summary") {
      report.lines.push_back(std::move(value));
      if (!report.summary.empty()) report.problems.add("a line follows the summary");
    } else if (!report.summary.empty()) {
      report.problems.add("there is a second summary");
    } else {
      report.summary = std::move(value);
    }
  }
  if (report.summary.empty()) report.problems.add("there is no summary");
  return report;
}

int64_t count(const Report& report, const char* name) {
  const auto& counts = report.summary.value("counts", Json::object());
  const auto found = counts.find(name);
  return found != counts.end() && found->is_number_integer() ? found->get<int64_t>() : -1;
}

int64_t lines_of(const Report& report, std::string_view event) {
  int64_t lines = 0;
  for (const auto& line : report.lines) lines += line["event"] == event ? 1 : 0;
  return lines;
}

std::map<std::string, int64_t> growths_by(const Report& report, const char* field) {
  std::map<std::string, int64_t> growths;
  for (const auto& line : report.lines) {
    if (line["event"] != "growth_started") continue;
    const auto& value = line.value(field, Json());
    ++growths[value.is_string() ? value.get<std::string>() : value.dump()];
  }
  return growths;
}

}  // namespace gomapd::live
