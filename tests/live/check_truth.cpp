// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <cmath>

#include "tests/live/report.h"

namespace gomapd::live {
namespace {

void expect(const std::string& what, int64_t got, int64_t want, Problems& problems) {
  if (got == want) return;
  problems.add(what, "got " + std::to_string(got) + ", the program counted " +
                         std::to_string(want) + " (" + (got > want ? "+" : "") +
                         std::to_string(got - want) + ")");
}

void expect_same(const std::string& what, const std::map<std::string, int64_t>& got,
                 const std::map<std::string, int64_t>& want, Problems& problems) {
  for (const auto& [key, number] : want) {
    const auto found = got.find(key);
    expect(what + " " + key, found == got.end() ? 0 : found->second, number, problems);
  }
  for (const auto& [key, number] : got) {
    if (!want.contains(key)) expect(what + " " + key, number, 0, problems);
  }
}

std::map<std::string, int64_t> numbers(const Json& object) {
  std::map<std::string, int64_t> result;
  for (const auto& [key, value] : object.items()) {
    if (value.is_number_integer() && value != 0) result[key] = value.get<int64_t>();
  }
  return result;
}

void add(std::map<std::string, int64_t>& sum, const std::map<std::string, int64_t>& more) {
  for (const auto& [key, number] : more) sum[key] += number;
}

std::string key_of(const Json& site) {
  return site.value("function", "") + " " + site.value("file", "") + ":" +
         std::to_string(site.value("line", 0)) + " " +
         (site.value("map_type", Json()).is_string() ? site["map_type"].get<std::string>()
                                                     : "null");
}

void check_site(const Json& got, const Json& want, bool maps_exact, Problems& problems) {
  const auto key = key_of(want);
  expect("growths at " + key, got.value("growths", int64_t{0}), want["growths"], problems);
  expect("max_keys at " + key, got.value("max_keys", int64_t{0}), want["max_keys"], problems);
  // A map that was emptied has a new seed; from outside it may count as another.
  const auto maps = got.value("maps", int64_t{0});
  if ((maps_exact && maps < want["maps"]) || maps > want["identities"]) {
    problems.add("maps at " + key, "got " + std::to_string(maps) + ", the program had " +
                                       want["maps"].dump() + " with " + want["identities"].dump() +
                                       " seeds");
  }
}

void check_sites(const Report& report, const Json& truth, const Report& baseline,
                 Problems& problems) {
  // Maps are told apart by the event lines: where these were lost, some are not.
  const bool maps_exact = report.summary.value("lost_events", 1) == 0;
  std::map<std::string, Json> got;
  for (const auto& site : report.summary.value("sites", Json::array())) {
    if (!got.emplace(key_of(site), site).second) problems.add("a site is told twice", site.dump());
  }
  for (const auto& site : baseline.summary.value("sites", Json::array())) {
    const auto found = got.find(key_of(site));
    if (found == got.end() || found->second["growths"] != site["growths"]) {
      problems.add("a site of the initialisers differs", site.dump());
    }
    got.erase(key_of(site));
  }
  for (const auto& site : truth["sites"]) {
    const auto found = got.find(key_of(site));
    if (found == got.end()) {
      problems.add("a site is missing", site.dump());
      continue;
    }
    check_site(found->second, site, maps_exact, problems);
    got.erase(found);
  }
  for (const auto& [key, site] : got) problems.add("a site that the program has not", site.dump());
}

void check_lines(const Report& report, const Json& truth, const Report& baseline,
                 Problems& problems) {
  std::map<std::string, int64_t> started;
  std::map<std::string, int64_t> finished;
  for (const auto& [type, counts] : truth["by_type"].items()) {
    started[type] = counts["started"];
    finished[type] = counts["finished"].get<int64_t>() + counts["finished_only"].get<int64_t>();
  }
  add(started, growths_by(baseline, "map_type"));
  std::map<std::string, int64_t> got_finished;
  for (const auto& line : report.lines) {
    if (line["event"] != "growth_finished") continue;
    const auto& type = line.value("map_type", Json());
    ++got_finished[type.is_string() ? type.get<std::string>() : "null"];
  }
  for (const auto& line : baseline.lines) {
    if (line["event"] == "growth_finished") ++finished[line.value("map_type", "null")];
  }
  expect_same("started of type", growths_by(report, "map_type"), started, problems);
  expect_same("finished of type", got_finished, finished, problems);

  auto reasons = numbers(truth["by_reason"]);
  add(reasons, growths_by(baseline, "reason"));
  expect_same("reason", growths_by(report, "reason"), reasons, problems);
}

}  // namespace

Problems check_truth(const Report& report, const Json& truth, const Report& baseline) {
  Problems problems;
  const bool none = baseline.summary.empty();
  const auto more = [&](const char* name) { return none ? 0 : count(baseline, name); };
  expect("growth_started", count(report, "growth_started"),
         truth["started"].get<int64_t>() + more("growth_started"), problems);
  expect("growth_finished", count(report, "growth_finished"),
         truth["finished"].get<int64_t>() + more("growth_finished"), problems);
  expect("in_progress", count(report, "in_progress"),
         truth["in_progress"].get<int64_t>() + more("in_progress"), problems);
  expect("finished_only", count(report, "finished_only"), truth["finished_only"], problems);

  auto kinds = numbers(truth["by_kind"]);
  if (!none) add(kinds, numbers(baseline.summary.value("by_kind", Json::object())));
  expect_same("kind", numbers(report.summary.value("by_kind", Json::object())), kinds, problems);
  check_sites(report, truth, baseline, problems);
  if (report.summary.value("lost_events", int64_t{1}) == 0) {
    check_lines(report, truth, baseline, problems);
  }
  return problems;
}

namespace {

// The keys at which a growth due to load begins: of the hmap, or of the table.
int64_t threshold(const Json& line, double keys_per_bucket) {
  const auto old = line.value("old_buckets", int64_t{0});
  if (line.value("impl", "") == "swiss") return old == 8 ? 8 : old / 8 * 7;
  if (old == 1) return 8;
  return static_cast<int64_t>(std::floor(keys_per_bucket * static_cast<double>(old)));
}

}  // namespace

Problems check_model(const Report& report, double keys_per_bucket) {
  Problems problems;
  int64_t early = 0;
  int64_t late = 0;
  int64_t all = 0;
  std::string example;
  for (const auto& line : report.lines) {
    if (line["event"] != "growth_started" || line.value("reason", "") != "load_factor") continue;
    const auto keys = line.value("keys", int64_t{0});
    const auto expected = threshold(line, keys_per_bucket);
    ++all;
    if (keys == expected) continue;
    ++(keys < expected ? early : late);
    example = line.dump();
  }
  // Later is possible: a growth waits until an older one has ended.
  if (early > 0) problems.add(std::to_string(early) + " growths before the threshold", example);
  if (late * 100 > all)
    problems.add(std::to_string(late) + " growths after the threshold", example);
  return problems;
}

}  // namespace gomapd::live
