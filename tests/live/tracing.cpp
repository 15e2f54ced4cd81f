// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/live/tracing.h"

#include <utility>

#include "tests/live/lab.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

Arguments joined(Arguments first, const Arguments& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Traced read_results(Finished gomapd, const fs::path& report, const fs::path& truth) {
  Traced traced;
  traced.gomapd = std::move(gomapd);
  traced.report = parse_report(fs::exists(report) ? read_file(report) : std::string());
  if (fs::exists(truth)) traced.truth = Json::parse(read_file(truth));
  return traced;
}

// The program must be there before gomapd, which needs its PID.
Child waiting(const Arguments& command, const Arguments& arguments, const fs::path& truth,
              std::string& failure) {
  Child child(joined(joined(command, {"-wait", "-hold", "-out", truth}), arguments));
  if (!child.wait_for_output("ready\n")) failure = "the program is not ready: " + child.errors();
  return child;
}

}  // namespace

Traced trace_command(const fs::path& program, const Arguments& arguments,
                     const Arguments& options) {
  ScratchFolder folder;
  auto argv = joined({gomapd_path(), "trace", "--json", "-o", folder / "report"}, options);
  argv = joined(argv, {"--", program, "-out", folder / "truth"});
  return read_results(run(joined(argv, arguments)), folder / "report", folder / "truth");
}

Problems check_exact(const Traced& traced, const Report& baseline) {
  Problems problems;
  if (!traced.gomapd.ending.in_time) problems.add("gomapd did not end in time");
  if (traced.gomapd.ending.code != 0) problems.add("gomapd failed", traced.gomapd.errors);
  if (traced.truth.is_null()) problems.add("the program told no truth", traced.gomapd.errors);
  if (!problems.empty()) return problems;
  problems.add(check_form(traced.report));
  problems.add(check_truth(traced.report, traced.truth, baseline));
  return problems;
}

Attached::Attached(const fs::path& program, const Arguments& arguments, const Arguments& options)
    : Attached(Arguments{program}, arguments, options) {}

Attached::Attached(const Arguments& command, const Arguments& arguments, const Arguments& options)
    : program_(waiting(command, arguments, folder_ / "truth", failure_)),
      gomapd_(joined({gomapd_path(), "trace", "--json", "-o", folder_ / "report", "-p",
                      std::to_string(program_.pid())},
                     options)) {
  if (!gomapd_.wait_for_errors("gomapd: tracing")) {
    failure_ += "gomapd does not trace: " + gomapd_.errors();
  }
}

bool Attached::work() {
  program_.feed("w");
  return program_.wait_for_output("done\n");
}

Ending Attached::leave() {
  program_.feed("x");
  return program_.wait();
}

Traced Attached::finish() {
  Finished finished;
  finished.ending = gomapd_.wait();
  finished.output = gomapd_.output();
  finished.errors = gomapd_.errors();
  return read_results(std::move(finished), folder_ / "report", folder_ / "truth");
}

Report baseline_of(const fs::path& program, const std::string& version) {
  if (version != "1.15") return {};
  auto report = trace_command(program, {"none"}).report;
  for (const auto& site : report.summary.value("sites", Json::array())) {
    if (site.value("function", "") != "unicode.init") {
      report.problems.add("a growth before main that is not unicode's", site.dump());
    }
  }
  return report;
}

}  // namespace gomapd::live
