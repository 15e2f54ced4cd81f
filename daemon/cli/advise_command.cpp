// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/advise_command.h"

#include <fmt/core.h>

#include "daemon/app/record.h"
#include "daemon/config/duration.h"
#include "daemon/model/zipf.h"

namespace gomapd::cli {
namespace {

constexpr double kMaxRequestsPerSecond = 1e12;
constexpr std::uint64_t kMaxEntryBytes = std::uint64_t{1} << 30U;
constexpr auto* kPlanner = "Plan a cache that does not exist yet";

}  // namespace

void AdviseCommand::describe(CLI::App& command) {
  command.footer(
      "Examples:\n  gomapd advise -p 4711 -d 1m\n  gomapd advise growth.gomaprec\n  gomapd advise "
      "--percentile 99 -- ./batch\n"
      "  gomapd advise --qps 5000 --lifetime 10m --zipf-alpha 1.0 --keys 1000000 --entry-bytes 64");
  tracing_.describe(command);
  command
      .add_option("--percentile", result_.percentile,
                  "Hints are enough for so many percent of the maps of a place")
      ->type_name("P")
      ->check(CLI::Range(1.0, 100.0))
      ->capture_default_str();
  command.add_flag("--json", result_.json, "Print one JSON object");
  command.add_option("-o,--output", result_.path, "Write the result to this file")
      ->type_name("FILE");
  describe_planner(command);
}

void AdviseCommand::describe_planner(CLI::App& command) {
  auto* qps = command.add_option("--qps", requests_per_second_, "Requests a second")
                  ->type_name("Q")
                  ->check(CLI::Range(0.0, kMaxRequestsPerSecond))
                  ->group(kPlanner);
  command
      .add_option("--lifetime", lifetime_, "How long an entry lives after its last use: 90s, 10m")
      ->type_name("TIME")
      ->group(kPlanner)
      ->needs(qps);
  command
      .add_option("--zipf-alpha", alpha_,
                  "How uneven: the key of rank k is asked for k^-A as often")
      ->type_name("A")
      ->check(CLI::Range(0.0, model::ZipfLaw::kMaxAlpha))
      ->group(kPlanner)
      ->needs(qps);
  command
      .add_option("--keys", planner_.keys,
                  "How many keys there are; default: endless, for an alpha above 1")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, model::ZipfLaw::kMaxKeys))
      ->group(kPlanner)
      ->needs(qps);
  command.add_option("--entry-bytes", entry_bytes_, "Size of a key (8 bytes) and its element")
      ->type_name("BYTES")
      ->check(CLI::Range(std::uint64_t{1}, kMaxEntryBytes))
      ->group(kPlanner)
      ->needs(qps);
  command.add_option("--go", planner_.go_version, "1.15 to 1.27, \"go1.24 X:noswissmap\"")
      ->type_name("VERSION")
      ->capture_default_str()
      ->group(kPlanner)
      ->needs(qps);
}

Result<void> AdviseCommand::run() {
  if (!requests_per_second_) {
    const auto word = tracing_.lone_word();
    if (word && app::is_recording(*word)) return app::advise_on_recording(*word, result_);
    const auto options = TRY(tracing_.take(name()));
    if (options.detail == Detail::kAssign)
      return fail(Errc::kUsage,
                  "advise: --detail assign: advice comes from growths alone, trace shows "
                  "assignments");
    if (options.is_bounded)
      return fail(Errc::kUsage,
                  "advise: --max-overhead: advice needs each growth; trace samples them");
    return app::advise(options, result_);
  }
  if (!tracing_.names_nothing())
    return fail(Errc::kUsage,
                "advise: --qps plans a cache, -p and -- trace a program: one of them");
  planner_.requests_per_second = *requests_per_second_;
  return plan();
}

Result<void> AdviseCommand::plan() {
  if (!lifetime_ || !alpha_ || !entry_bytes_)
    return fail(Errc::kUsage,
                "advise: --qps also takes --lifetime, --zipf-alpha and --entry-bytes");
  const auto lifetime = config::parse_duration(*lifetime_);
  if (!lifetime)
    return fail(Errc::kUsage,
                fmt::format("advise: --lifetime {}: not a time such as 10s or 5m", *lifetime_));
  planner_.lifetime = *lifetime;
  planner_.alpha = *alpha_;
  planner_.entry_bytes = *entry_bytes_;
  return app::plan_cache(planner_, result_);
}

}  // namespace gomapd::cli
