// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/inspect.h"

#include <fmt/core.h>

#include <optional>
#include <utility>

#include "daemon/analyst/analyst.h"
#include "daemon/app/go_code.h"
#include "daemon/app/price.h"
#include "daemon/export/inspect_text.h"
#include "daemon/export/json.h"
#include "daemon/proc/process.h"

namespace gomapd::app {
namespace {

struct Target {
  std::string name;
  proc::File file;
};

Result<Target> open_target(analyst::Workshop& workshop, const InspectOptions& options) {
  if (options.pid) {
    auto process = TRY(proc::Process::open(*options.pid));
    auto code = TRY(take_go_code(workshop, process));
    return Target{
        code.shared_library.empty() ? std::move(process.exe) : std::move(code.shared_library),
        std::move(code.file)};
  }
  return Target{options.path, TRY(proc::File::open(options.path))};
}

// Nothing where none is asked for, or where the binary can't be traced.
Result<std::optional<exporter::ProcessPrice>> sample(const InspectOptions& options,
                                                     const Plan& plan) {
  if (!options.estimate || !plan.trace_refusal().empty()) return std::nullopt;
  auto prices = TRY(sample_prices({.pids = {*options.pid}, .duration = options.duration}));
  return std::move(prices.front());
}

}  // namespace

Result<void> inspect(const InspectOptions& options) {
  auto workshop = TRY(analyst::Workshop::start());
  const auto target = TRY(open_target(workshop, options));
  const auto plan = analyst::Analyst(&workshop, target.file.fd()).plan();
  if (!plan) return add_context(target.name, plan.error());
  const auto price = TRY(sample(options, *plan));
  if (options.json) {
    fmt::print("{}\n", exporter::inspect_json(target.name, *plan, price ? &*price : nullptr));
  } else {
    fmt::print("{}", exporter::inspect_text(target.name, *plan));
    if (price) fmt::print("\n{}", exporter::price_text(*price));
  }
  if (!plan->refusal.empty())
    return fail(Errc::kUnsupported, fmt::format("{}: {}", target.name, plan->refusal));
  return {};
}

}  // namespace gomapd::app
