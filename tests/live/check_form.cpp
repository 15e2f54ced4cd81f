// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <set>

#include "tests/live/report.h"

namespace gomapd::live {
namespace {

bool is_count(const Json& value) {
  return value.is_number_integer() && value >= 0;
}
bool is_positive(const Json& value) {
  return value.is_number_integer() && value > 0;
}
bool is_text(const Json& value) {
  return value.is_string() && !value.get<std::string>().empty();
}
bool is_object(const Json& value) {
  return value.is_object();
}
bool is_array(const Json& value) {
  return value.is_array();
}
bool is_flag(const Json& value) {
  return value.is_boolean();
}
bool is_ratio(const Json& value) {
  return value.is_number() && value >= 0;
}

bool is_address(const Json& value) {
  if (!value.is_string()) return false;
  const auto text = value.get<std::string>();
  return text.starts_with("0x") && text.size() > 2 &&
         text.find_first_not_of("0123456789abcdef", 2) == std::string::npos;
}

bool is_type(const Json& value) {
  return value.is_null() || is_text(value);
}
bool is_design(const Json& value) {
  return value == "classic" || value == "swiss";
}

struct Field {
  const char* name;
  bool (*valid)(const Json&);
};

void check_fields(const Json& object, std::initializer_list<Field> fields, Problems& problems) {
  for (const auto& [name, valid] : fields) {
    const auto found = object.find(name);
    const auto where = object.value("event", std::string("object")) + "." + name;
    if (found == object.end()) {
      problems.add(where + " is missing", object.dump());
    } else if (!valid(*found)) {
      problems.add(where + " cannot be so", object.dump());
    }
  }
}

void check_stack(const Json& line, Problems& problems) {
  const auto stack = line.value("stack", Json::array());
  if (!stack.is_array() || stack.empty()) {
    problems.add("a growth without a stack", line.dump());
    return;
  }
  const auto unknown = Json{{"function", ""}, {"file", ""}, {"line", 0}, {"inlined", false}};
  for (const auto& frame : stack) {
    // C that called Go: its names are in no table of Go's.
    if (frame == unknown && frame != stack[0]) continue;
    check_fields(
        frame,
        {{"function", is_text}, {"file", is_text}, {"line", is_positive}, {"inlined", is_flag}},
        problems);
  }
  const auto innermost = stack[0].value("function", std::string());
  if (innermost.starts_with("runtime.map") || innermost.starts_with("internal/runtime/maps.")) {
    problems.add("the innermost frame is the runtime's", line.dump());
  }
}

// Sizes before and after, by kind.
bool sizes_fit(const Json& line) {
  const auto kind = line.value("kind", std::string());
  const auto before = line.value("old_buckets", int64_t{0});
  const auto after = line.value("new_buckets", int64_t{0});
  if (kind == "double" || kind == "table_double") return before > 0 && after == 2 * before;
  if (kind == "same_size") return before > 0 && after == before;
  if (kind == "to_table") return before == 8 && after == 16;
  return kind == "split" && before == 1024 && after == 2048;
}

bool kind_fits(const Json& line) {
  const auto kind = line.value("kind", std::string());
  const auto reason = line.value("reason", std::string());
  if (line.value("impl", "") == "classic") {
    return (kind == "double" && reason == "load_factor") ||
           (kind == "same_size" && reason == "overflow");
  }
  if (kind == "to_table") return reason == "load_factor";
  return (kind == "table_double" || kind == "split") &&
         (reason == "load_factor" || reason == "tombstones");
}

void check_started(const Json& line, Problems& problems) {
  check_fields(line,
               {{"kind", is_text},
                {"reason", is_text},
                {"keys", is_count},
                {"old_buckets", is_positive},
                {"new_buckets", is_positive},
                {"load_factor", is_ratio},
                {"bytes", is_positive},
                {"stack", is_array},
                {"stack_truncated", is_flag}},
               problems);
  if (line.value("impl", "") == "classic") {
    check_fields(line, {{"overflow_buckets", is_count}}, problems);
  }
  // Of a map that was emptied, overflow buckets or tombstones may be left.
  if (line.value("keys", 0) == 0 && line.value("reason", "") == "load_factor")
    problems.add("an empty map that is full", line.dump());
  if ((line.value("keys", 0) == 0) != (line.value("load_factor", 0.0) == 0))
    problems.add("load factor and keys do not fit", line.dump());
  if (!sizes_fit(line)) problems.add("sizes do not fit the kind", line.dump());
  if (!kind_fits(line)) problems.add("kind and reason do not fit", line.dump());
  check_stack(line, problems);
}

int64_t began_before(const Report& report) {
  int64_t lines = 0;
  for (const auto& line : report.lines) lines += line.value("began_before", false) ? 1 : 0;
  return lines;
}

// Of several threads and goroutines; of a map whose address may not have fitted.
void check_assign_sample(const Json& line, Problems& problems) {
  const auto is_address_or_null = [](const Json& value) {
    return value.is_null() || is_address(value);
  };
  check_fields(line,
               {{"map", is_address_or_null},
                {"map_type", is_type},
                {"impl", is_design},
                {"assignments", is_positive},
                {"window_ns", is_positive}},
               problems);
}

void check_line(const Json& line, Problems& problems) {
  check_fields(line, {{"time_ns", is_positive}, {"pid", is_positive}}, problems);
  const auto event = line["event"].get<std::string>();
  if (event == "process_started" || event == "process_exited") {
    check_fields(line, {{"exe", is_text}, {"go_version", is_text}, {"impl", is_design}}, problems);
    return;
  }
  if (event == "assign_sample") {
    check_assign_sample(line, problems);
    return;
  }
  check_fields(line,
               {{"tid", is_positive},
                {"goid", is_positive},
                {"map", is_address},
                {"map_type", is_type},
                {"impl", is_design}},
               problems);
  if (event == "growth_started") {
    check_started(line, problems);
  } else if (event == "growth_finished") {
    check_fields(
        line,
        {{"duration_ns", is_count}, {"old_buckets", is_positive}, {"new_buckets", is_positive}},
        problems);
  } else {
    problems.add("an event that was not asked for: " + event, line.dump());
  }
}

void check_summary(const Report& report, Problems& problems) {
  const auto& summary = report.summary;
  check_fields(summary,
               {{"duration_ns", is_count},
                {"counts", is_object},
                {"estimated", is_flag},
                {"lost_events", is_count},
                {"probe_hits", is_count},
                {"model_divergences", is_count},
                {"processes", is_array},
                {"sites", is_array},
                {"by_kind", is_object}},
               problems);
  check_fields(summary.value("counts", Json::object()),
               {{"growth_started", is_count},
                {"growth_finished", is_count},
                {"finished_only", is_count},
                {"in_progress", is_count},
                {"bucket_evacuated", is_count}},
               problems);
  const bool lost = summary.value("lost_events", 1) != 0;
  for (const auto& site : summary.value("sites", Json::array())) {
    check_fields(site,
                 {{"function", is_text},
                  {"file", is_text},
                  {"line", is_positive},
                  {"map_type", is_type},
                  {"growths", is_positive},
                  {"bytes", is_positive},
                  {"max_keys", is_positive},
                  {"maps", lost ? is_count : is_positive}},
                 problems);
  }
  for (const auto& process : summary.value("processes", Json::array())) {
    check_fields(process,
                 {{"pid", is_positive},
                  {"exe", is_text},
                  {"go_version", is_text},
                  {"impl", is_design},
                  {"counts", is_object}},
                 problems);
  }
  if (summary.value("estimated", true)) problems.add("the counts are estimates");
  if (summary.value("model_divergences", 0) != 0) {
    problems.add("the model would have done otherwise", summary["model_divergences"].dump());
  }
}

void expect(const char* what, int64_t got, int64_t want, Problems& problems) {
  if (got == want) return;
  problems.add(what, std::to_string(got) + " and " + std::to_string(want));
}

void check_sums(const Report& report, Problems& problems) {
  const auto started = count(report, "growth_started");
  const auto finished = count(report, "growth_finished");
  const auto finished_only = count(report, "finished_only");
  expect("started is not finished + in_progress", started, finished + count(report, "in_progress"),
         problems);

  int64_t of_sites = 0;
  int64_t previous = INT64_MAX;
  for (const auto& site : report.summary.value("sites", Json::array())) {
    const auto growths = site.value("growths", int64_t{0});
    if (growths > previous) problems.add("sites are not sorted by growths", site.dump());
    previous = growths;
    of_sites += growths;
    if (site.value("maps", int64_t{0}) > growths) {
      problems.add("more maps than growths", site.dump());
    }
  }
  expect("the growths of the sites add up to something else", of_sites, started, problems);

  int64_t of_kinds = 0;
  const auto kinds = report.summary.value("by_kind", Json::object());
  for (const auto& [kind, growths] : kinds.items()) {
    of_kinds += growths.is_number_integer() ? growths.get<int64_t>() : 0;
  }
  expect("the kinds add up to something else", of_kinds, started, problems);

  int64_t of_processes = 0;
  for (const auto& process : report.summary.value("processes", Json::array())) {
    of_processes += process.value("counts", Json::object()).value("growth_started", int64_t{0});
  }
  expect("the processes add up to something else", of_processes, started, problems);

  expect("lines and lost events are not what was counted",
         lines_of(report, "growth_started") + lines_of(report, "growth_finished") +
             report.summary.value("lost_events", int64_t{0}),
         started + finished + finished_only, problems);
  if (report.summary.value("lost_events", 0) == 0) {
    expect("the lines of growths that began before are not finished_only", began_before(report),
           finished_only, problems);
  }
  if (report.summary.value("probe_hits", int64_t{0}) < started + finished + finished_only) {
    problems.add("fewer probe hits than counted growths");
  }
}

}  // namespace

Problems check_form(const Report& report) {
  auto problems = report.problems;
  int64_t previous = 0;
  for (const auto& line : report.lines) {
    check_line(line, problems);
    const auto time = line.value("time_ns", int64_t{0});
    if (time < previous) {
      problems.add("times do not ascend",
                   std::to_string(previous - time) + " ns before the line above: " + line.dump());
    }
    previous = time;
  }
  check_summary(report, problems);
  check_sums(report, problems);
  return problems;
}

}  // namespace gomapd::live
