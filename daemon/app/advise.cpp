// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/advise.h"

#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <memory>

#include "daemon/app/asked_go.h"
#include "daemon/app/record.h"
#include "daemon/export/advice_text.h"
#include "daemon/export/terminal.h"

namespace gomapd::app {
namespace {

struct Close {
  void operator()(std::FILE* file) const {
    if (file != stdout) std::fclose(file);
  }
};
using Output = std::unique_ptr<std::FILE, Close>;

// `text` gets the width of where it goes.
template <typename Text>
Result<void> write_result(const std::string& path, Text text) {
  const Output file(path.empty() ? stdout : std::fopen(path.c_str(), "we"));
  if (!file) return fail(Errc::kSystem, fmt::format("{}: {}", path, errno_text(errno)));
  const std::string result = text(exporter::window_size(fileno(file.get())).columns);
  std::fwrite(result.data(), 1, result.size(), file.get());
  if (std::fflush(file.get()) != 0 || std::ferror(file.get()) != 0)
    return fail(Errc::kSystem,
                fmt::format("{}: could not be written: {}", path.empty() ? "standard output" : path,
                            errno_text(errno)));
  return {};
}

}  // namespace

void AdviceSink::process(ProcessChange /*change*/, const model::Process& /*process*/,
                         std::uint64_t monotonic_ns) {
  if (!began_ns_) began_ns_ = monotonic_ns;
}

void AdviceSink::growth(const model::GrowthEvent& event) {
  seen_.add(event);
}

Result<void> AdviceSink::finish(const exporter::TraceReport& report) {
  auto advice =
      model::advise(seen_, options_.percentile, began_ns_.value_or(0), report.duration_ns);
  advice.lost_events = report.lost_events();
  return write_result(options_.path, [&](std::size_t width) {
    return options_.json ? exporter::advice_json(advice) + "\n"
                         : exporter::advice_text(advice, width);
  });
}

Result<void> advise(TraceOptions options, const AdviceOptions& advice) {
  options.command_output_to_stderr = advice.path.empty();
  AdviceSink sink(advice);
  const std::array<TraceSink*, 1> sinks{&sink};
  return run_trace(options, sinks);
}

Result<void> advise_on_recording(const std::string& recording, const AdviceOptions& advice) {
  AdviceSink sink(advice);
  const std::array<TraceSink*, 1> sinks{&sink};
  return replay_file(recording, sinks);
}

Result<void> plan_cache(const PlannerOptions& options, const AdviceOptions& output) {
  const auto go = TRY(asked_go("advise", options.go_version, options.classic));
  exporter::CachePlanReport report;
  report.go_version = go.name;
  report.assumed_rules = go.assumed_rules;
  report.load = {.requests_per_second = options.requests_per_second,
                 .lifetime = options.lifetime,
                 .law = {.alpha = options.alpha, .keys = options.keys},
                 .entry_bytes = options.entry_bytes};
  if (!options.keys && options.alpha < model::ZipfLaw::kLeastEndlessAlpha)
    return fail(Errc::kUsage,
                fmt::format("advise: --zipf-alpha {:g}: there is no such law over endless keys (it "
                            "takes {:g} and more): say how many there are, --keys N",
                            options.alpha, model::ZipfLaw::kLeastEndlessAlpha));
  report.plan = model::plan_cache(report.load,
                                  model::cache_shape(go.version, go.design, options.entry_bytes));
  if (report.plan.hint > model::kMaxPlannedKeys)
    return fail(Errc::kUsage, fmt::format("advise: {:.3g} entries are more than can be planned for",
                                          report.plan.keys.expected));
  return write_result(output.path, [&](std::size_t width) {
    return output.json ? exporter::cache_plan_json(report) + "\n"
                       : exporter::wrap(exporter::cache_plan_text(report), width);
  });
}

}  // namespace gomapd::app
