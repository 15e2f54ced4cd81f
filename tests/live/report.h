// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace gomapd::live {

using Json = nlohmann::json;

// What was found wrong, each sort once with its number and its first example:
// a report has thousands of lines, and one error tends to be in all of them.
class Problems {
 public:
  void add(const std::string& what, const std::string& example = {});
  void add(const Problems& more);
  bool empty() const { return found_.empty(); }
  std::string text() const;

 private:
  struct Sort {
    int times = 0;
    std::string example;
  };
  std::map<std::string, Sort> found_;
};

// What `gomapd trace --json` wrote.
struct Report {
  std::vector<Json> lines;  // all but the summary
  Json summary = Json::object();
  Problems problems;  // lines that are no JSON, a summary that is missing
};
Report parse_report(std::string_view text);

int64_t count(const Report& report, const char* name);
int64_t lines_of(const Report& report, std::string_view event);

// Growths per field of their growth_started line.
std::map<std::string, int64_t> growths_by(const Report& report, const char* field);

// The form: every line has its fields with values that can be, times ascend, the
// counts of the summary agree with each other and with the lines, and gomapd's own
// model of Go's maps rules out none of them.
Problems check_form(const Report& report);

// The content: what the program counted itself. `baseline` is what gomapd saw of
// the same program without a workload: growths in package initialisers.
Problems check_truth(const Report& report, const Json& truth, const Report& baseline = {});

// Growths due to load begin at the model's threshold of the old size, and table
// sizes follow the model's ladder. For programs that know no truth of their own.
Problems check_model(const Report& report, double keys_per_bucket);

}  // namespace gomapd::live
