// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/inspect.h"

#include <fmt/core.h>

#include <optional>
#include <utility>

#include "daemon/app/go_code.h"
#include "daemon/app/price.h"
#include "daemon/export/inspect_text.h"
#include "daemon/export/json.h"
#include "daemon/proc/process.h"
#include "probes/plan/plan.h"

namespace gomapd::app {
namespace {

struct Target {
  std::string name;
  proc::MappedFile file;
};

Result<Target> open_target(const InspectOptions& options) {
  if (options.pid) {
    auto process = TRY(proc::Process::open(*options.pid));
    auto code = TRY(take_go_code(process));
    return Target{
        code.shared_library.empty() ? std::move(process.exe) : std::move(code.shared_library),
        std::move(code.file)};
  }
  return Target{options.path, TRY(proc::MappedFile::open(options.path))};
}

// Nothing where none is asked for, or where the binary can't be traced.
Result<std::optional<exporter::ProcessPrice>> sample(const InspectOptions& options,
                                                     const GoBinary& binary) {
  if (!options.estimate || !binary.trace_refusal().empty()) return std::nullopt;
  auto prices = TRY(sample_prices({.pids = {*options.pid}, .duration = options.duration}));
  return std::move(prices.front());
}

}  // namespace

Result<void> inspect(const InspectOptions& options) {
  const auto target = TRY(open_target(options));
  const auto binary = analyse(target.file.bytes());
  if (!binary) return add_context(target.name, binary.error());
  const auto price = TRY(sample(options, *binary));
  if (options.json) {
    fmt::print("{}\n", exporter::inspect_json(target.name, *binary, price ? &*price : nullptr));
  } else {
    fmt::print("{}", exporter::inspect_text(target.name, *binary));
    if (price) fmt::print("\n{}", exporter::price_text(*price));
  }
  if (!binary->refusal.empty())
    return fail(Errc::kUnsupported, fmt::format("{}: {}", target.name, binary->refusal));
  return {};
}

}  // namespace gomapd::app
