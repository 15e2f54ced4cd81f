// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/command_line.h"

#include <fmt/core.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>
#include <string_view>

#include "daemon/app/inspect.h"
#include "daemon/app/trace.h"
#include "daemon/cli/model_command.h"
#include "daemon/export/terminal.h"
#include "daemon/kernel/features.h"

namespace gomapd::cli {
namespace {

int exit_code(Errc code) {
  switch (code) {
    case Errc::kUsage: return 2;
    case Errc::kPermission:
    case Errc::kNoKernelFeature: return 3;
    case Errc::kNotGo:
    case Errc::kMalformed:
    case Errc::kUnsupported: return 4;
    case Errc::kNotFound:
    case Errc::kGone: return 5;
    case Errc::kSystem: break;
  }
  return 1;
}

// "10s", "5m", "1.5h", "200ms"; a bare number is seconds.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  double seconds = 0;
  if (unit.empty() || unit == "s")
    seconds = value;
  else if (unit == "ms")
    seconds = value / 1000;
  else if (unit == "m")
    seconds = value * 60;
  else if (unit == "h")
    seconds = value * 3600;
  else
    return std::nullopt;
  constexpr double kLongest = 10.0 * 365 * 24 * 3600;
  if (!std::isfinite(seconds) || seconds <= 0 || seconds > kLongest) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

struct Options {
  app::InspectOptions inspect;
  app::ModelOptions model;
  app::TraceCommand trace;
  std::optional<std::string> duration;
  std::string detail = "growth";
  bool verbose = false;
};

// Standard output belongs to the result.
void set_up_log(bool verbose) {
  spdlog::set_default_logger(spdlog::stderr_logger_st("gomapd"));
  spdlog::set_pattern("gomapd: %l: %v");
  spdlog::set_level(verbose ? spdlog::level::debug : spdlog::level::warn);
}

void add_inspect(CLI::App& app, Options& options) {
  auto* command = app.add_subcommand(
      "inspect",
      "Say what is known of a Go binary: version, map design, probe sites. Needs no root");
  auto* file =
      command->add_option("file", options.inspect.path, "An executable file")->type_name("FILE");
  auto* pid = command->add_option("-p,--pid", options.inspect.pid, "The executable of this process")
                  ->type_name("PID")
                  ->check(CLI::PositiveNumber);
  file->excludes(pid);
  command->add_flag("--json", options.inspect.json, "Print one JSON object");
}

void add_trace(CLI::App& app, Options& options) {
  auto* command = app.add_subcommand(
      "trace", "Trace the growth of the maps of running processes, or of a command");
  command->footer(
      "Examples:\n  gomapd trace -p 4711 -d 10s\n  gomapd trace --json -o growth.jsonl -- ./server "
      "-listen :8080");
  auto* pid =
      command->add_option("-p,--pid", options.trace.trace.pids, "Process to trace; may be repeated")
          ->type_name("PID")
          ->check(CLI::PositiveNumber);
  command
      ->add_option("command", options.trace.trace.command, "Command to start and trace, after --")
      ->type_name("COMMAND")
      ->excludes(pid);
  command
      ->add_option("-d,--duration", options.duration,
                   "Stop after this time: 10s, 5m; default: until the end or Ctrl-C")
      ->type_name("TIME");
  command->add_flag("--json", options.trace.json, "Print JSON Lines: each growth, then a summary");
  command->add_option("-o,--output", options.trace.output_path, "Write the result to this file")
      ->type_name("FILE");
  command
      ->add_option("--detail", options.detail,
                   "What to probe: growth (start and end of each growth), or buckets (each moved "
                   "bucket and removed tombstone too)")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"growth", "buckets"}))
      ->capture_default_str();
  command
      ->add_option("--ring-bytes", options.trace.trace.ring_bytes,
                   "Size of the ring buffer for growth records")
      ->type_name("BYTES")
      ->check(CLI::Range(4096U, 1U << 30U))
      ->capture_default_str();
  command->add_flag("--perf-uprobes", options.trace.trace.force_perf_uprobes,
                    "Attach by perf events even where the kernel has uprobe_multi");
}

Result<void> run_trace(Options& options) {
  auto& trace = options.trace.trace;
  if (trace.pids.empty() && trace.command.empty())
    return fail(Errc::kUsage, "trace: say what to trace: -p PID, or -- COMMAND");
  trace.detail = options.detail == "buckets" ? Detail::kBuckets : Detail::kGrowth;
  if (options.duration) {
    trace.duration = parse_duration(*options.duration);
    if (!trace.duration)
      return fail(Errc::kUsage, fmt::format("trace: -d {}: not a time such as 10s, 500ms or 5m",
                                            *options.duration));
  }
  return app::trace(options.trace);
}

Result<void> run_inspect(const Options& options) {
  if (options.inspect.path.empty() && !options.inspect.pid)
    return fail(Errc::kUsage, "inspect: say which binary: FILE, or -p PID");
  return app::inspect(options.inspect);
}

std::string version_text() {
  const auto kernel = kernel::running_kernel();
  return fmt::format("gomapd {} (libbpf {}, kernel {}.{})", GOMAPD_VERSION,
                     kernel::libbpf_version(), kernel.major, kernel.minor);
}

int report_error(const Error& error) {
  // File names and build settings of a target may hold anything.
  fmt::print(stderr, "gomapd: {}\n", exporter::escape(error.context));
  return exit_code(error.code);
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app("Tells which maps of a Go program grow, where, how often and at what cost",
               "gomapd");
  app.set_version_flag("--version", version_text());
  app.require_subcommand(1);
  app.fallthrough();
  app.failure_message(CLI::FailureMessage::simple);
  Options options;
  app.add_flag("-v,--verbose", options.verbose, "Log what is done, and what libbpf says");
  add_inspect(app, options);
  add_model(app, options.model);
  add_trace(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  set_up_log(options.verbose);
  const auto done = app.got_subcommand("trace")   ? run_trace(options)
                    : app.got_subcommand("model") ? run_model(options.model)
                                                  : run_inspect(options);
  return done ? 0 : report_error(done.error());
}

}  // namespace gomapd::cli
