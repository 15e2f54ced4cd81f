// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/trace.h"

#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <tuple>

#include "daemon/app/assign_sampling.h"
#include "daemon/app/event_loop.h"
#include "daemon/app/go_code.h"
#include "daemon/app/moments.h"
#include "daemon/app/targets.h"
#include "daemon/app/trace_governing.h"
#include "daemon/app/trace_output.h"
#include "daemon/export/terminal.h"
#include "daemon/kernel/features.h"
#include "daemon/kernel/tracer.h"
#include "daemon/model/divergence.h"
#include "daemon/proc/executable.h"
#include "daemon/proc/process.h"
#include "daemon/proc/spawn.h"

namespace gomapd::app {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How often the ring is drained: no probe wakes us. At 8 MiB it holds what
// 700,000 growths a second produce meanwhile.
constexpr milliseconds kDrainInterval{50};
// With a drain, less than the second that a recording may lose.
constexpr milliseconds kStateInterval{900};
// See Moments: a program that is preempted between its clock reading and its
// place in the ring comes back within this.
constexpr std::uint64_t kHoldBackNs = 100'000'000;
// How often it is asked what probes cost, where that is bounded.
constexpr milliseconds kGovernInterval{200};
// What a command that we started gets to end by itself.
constexpr milliseconds kTerminationGrace{5000};

struct TracedProcess {
  model::Process info;
  std::uint32_t binary = 0;
  proc::Fd pidfd;
  bool gone = false;
  std::string shared_library;  // that holds the Go code; empty: the executable does
};

model::Process describe(pid_t pid, std::string exe, const Plan& plan) {
  return {.pid = static_cast<std::uint32_t>(pid),
          .exe = std::move(exe),
          .go_version = plan.build_info.version,
          .design = plan.design.value_or(go::Design::kClassic),
          .assumed_rules = plan.version_assumed ? rules_name(plan.version) : std::string(),
          .build_id = plan.build_id,
          .text_address = plan.text.address,
          .text_size = plan.text.size,
          .text_file_offset = plan.text.file_offset};
}

std::string failure_text(int status) {
  if (WIFSIGNALED(status))
    return fmt::format("was ended by signal {} ({})", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));  // NOLINT(concurrency-mt-unsafe)
  if (WEXITSTATUS(status) != 0) return fmt::format("exited with status {}", WEXITSTATUS(status));
  return {};
}

// One trace from set-up to report. Declared first dies last: probes are gone
// before the files that they lie in are unmapped.
class TraceSession {
 public:
  TraceSession(const TraceOptions& options, std::span<TraceSink* const> sinks,
               analyst::Workshop& workshop, kernel::Tracer tracer, EventLoop loop)
      : options_(options),
        workshop_(workshop),
        sinks_(sinks.begin(), sinks.end()),
        tracer_(std::move(tracer)),
        loop_(std::move(loop)),
        resolver_(&binaries_, &tracer_, options.runtime_frames),
        divergences_(options.command.empty() ? model::Seen::kFromSomeTime
                                             : model::Seen::kFromTheStart) {}

  Result<void> run() {
    TRY_VOID(options_.command.empty() ? open_processes() : prepare_command());
    TRY_VOID(attach());
    TRY_VOID(prepare_assigns());
    TRY_VOID(prepare_governing());
    TRY_VOID(begin());
    TRY_VOID(loop_until_done());
    return finish();
  }

 private:
  Result<void> open_processes() {
    for (const auto pid : options_.pids) {
      auto process = TRY(proc::Process::open(pid));
      auto code = TRY(take_go_code(workshop_, process));
      auto name = fmt::format("process {} ({})", pid, process.exe);
      if (!code.shared_library.empty()) name += ": " + code.shared_library;
      const auto binary = TRY(binaries_.add(workshop_, std::move(code.file), name));
      processes_.push_back({describe(pid, std::move(process.exe), binaries_.at(binary).plan),
                            binary, std::move(process.pidfd), false,
                            std::move(code.shared_library)});
    }
    return {};
  }

  Result<void> prepare_command() {
    const auto path = TRY(proc::find_executable(options_.command.front()));
    const auto binary = TRY(binaries_.add(workshop_, TRY(proc::File::open(path)), path));
    const auto output =
        options_.command_output_to_stderr ? proc::Output::kToStandardError : proc::Output::kInherit;
    child_.emplace(TRY(proc::Child::prepare(path, options_.command, output)));
    auto held = TRY(proc::open_pidfd(child_->pid()));
    const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                           &std::free);
    processes_.push_back(
        {describe(child_->pid(), real ? real.get() : path, binaries_.at(binary).plan),
         binary,
         std::move(held),
         false,
         {}});
    return {};
  }

  Result<void> attach() {
    for (const auto& process : processes_) {
      const auto& binary = binaries_.at(process.binary);
      const auto pid = static_cast<pid_t>(process.info.pid);
      TRY_VOID(tracer_.add_target(pid));
      if (options_.detail == Detail::kBuckets && !binary.plan.buckets_refusal.empty())
        return fail(Errc::kUnsupported,
                    fmt::format("process {} ({}): can be traced at --detail growth only: {}", pid,
                                process.info.exe, binary.plan.buckets_refusal));
      const auto sites = binary.plan.sites_for(options_.detail);
      if (auto attached = tracer_.attach(sites, process.binary, binary.file.fd(), pid); !attached) {
        if (proc::has_exited(process.pidfd)) return gone_before_tracing();
        return add_context(fmt::format("process {} ({})", pid, process.info.exe),
                           std::move(attached).error());
      }
      TRY_VOID(loop_.watch(process.pidfd.get()));
    }
    return {};
  }

  Result<void> prepare_assigns() {
    if (options_.detail != Detail::kAssign) return {};
    assigns_ = TRY(AssignSampling::create(
        {.max_overhead = options_.max_overhead, .force_perf_uprobes = options_.force_perf_uprobes},
        &binaries_, &resolver_, &tracer_));
    for (const auto& process : processes_)
      TRY_VOID(assigns_->add(process.info, process.binary, process.pidfd));
    return {};
  }

  Result<void> prepare_governing() {
    if (!options_.is_bounded || options_.detail == Detail::kAssign) return {};
    governing_ = TRY(TraceGoverning::create({.max_overhead = options_.max_overhead,
                                             .with_buckets = options_.detail == Detail::kBuckets,
                                             .force_perf_uprobes = options_.force_perf_uprobes},
                                            &tracer_, &binaries_, &resolver_));
    for (const auto& process : processes_)
      governing_->add(process.info.pid, process.binary, process.info.exe);
    return {};
  }

  std::unexpected<Error> gone_before_tracing() const {
    return fail(Errc::kGone, fmt::format("process {} ended before it could be traced",
                                         processes_.front().info.pid));
  }

  Result<void> begin() {
    const bool all_gone = std::ranges::all_of(
        processes_, [](const TracedProcess& one) { return proc::has_exited(one.pidfd); });
    if (all_gone) return gone_before_tracing();
    began_ = Clock::now();
    last_state_ = began_;
    tracing_since_ns_ = now_ns();
    const TraceStart start{.realtime_offset_ns = realtime_offset_ns()};
    began_realtime_ns_ = start.realtime_ns(tracing_since_ns_);
    for (auto* sink : sinks_) sink->begin(start);
    for (const auto& process : processes_)
      for (auto* sink : sinks_)
        sink->process(ProcessChange::kStarted, process.info, tracing_since_ns_);
    tracer_.activate();
    if (assigns_) assigns_->start();
    if (governing_) governing_->start();
    last_governed_ = began_;
    const auto& first = processes_.front().info;
    const auto& plan = binaries_.at(processes_.front().binary).plan;
    fmt::print(stderr, "gomapd: tracing {}: {} maps, {} probe sites by {}{}\n",
               processes_.size() == 1
                   ? fmt::format("process {} ({})", first.pid, escaped_name(processes_.front()))
                   : fmt::format("{} processes", processes_.size()),
               to_string(first.design), plan.sites_for(options_.detail).size(),
               tracer_.attach_method(), options_.duration || child_ ? "" : "; Ctrl-C ends it");
    if (child_)
      if (auto started = child_->start(); !started)
        return add_context(options_.command.front(), std::move(started).error());
    return {};
  }

  static std::string escaped_name(const TracedProcess& process) {
    const auto& [exe, go_version] = std::tie(process.info.exe, process.info.go_version);
    return exporter::escape(
        process.shared_library.empty()
            ? fmt::format("{}, {}", exe, go_version)
            : fmt::format("{}, {} in {}", exe, go_version, process.shared_library));
  }

  Result<void> loop_until_done() {
    const auto end = options_.duration ? began_ + *options_.duration : Clock::time_point::max();
    while (true) {
      const auto wakeup = TRY(loop_.wait());
      const auto now = now_ns();
      for (const int pidfd : wakeup.exited) on_exit(pidfd, now);
      TRY_VOID(drain());
      emit_before(now - std::min(now, kHoldBackNs));
      if (wakeup.interrupted || Clock::now() >= end) return {};
      if (std::ranges::all_of(processes_, &TracedProcess::gone)) return {};
      if (!std::ranges::all_of(sinks_, &TraceSink::flush)) return {};
      if (governing_ && Clock::now() - last_governed_ >= kGovernInterval) {
        last_governed_ = Clock::now();
        governing_->advance(rows_of(TRY(tracer_.counters())));
      }
      if (Clock::now() - last_state_ >= kStateInterval) {
        last_state_ = Clock::now();
        TRY_VOID(tell_state());
      }
    }
  }

  Result<void> tell_state() {
    if (std::ranges::none_of(sinks_, &TraceSink::wants_state)) return {};
    const auto so_far = TRY(report());
    for (auto* sink : sinks_)
      if (sink->wants_state()) sink->state(so_far);
    return {};
  }

  // steady_clock is CLOCK_MONOTONIC, which the probes' records carry.
  static std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
  }

  static std::int64_t realtime_offset_ns() {
    const std::chrono::nanoseconds realtime = std::chrono::system_clock::now().time_since_epoch();
    return realtime.count() - static_cast<std::int64_t>(now_ns());
  }

  void on_exit(int pidfd, std::uint64_t now) {
    for (std::size_t i = 0; i < processes_.size(); ++i) {
      auto& process = processes_[i];
      if (process.pidfd.get() != pidfd || process.gone) continue;
      process.gone = true;
      moments_.add_exit(now, i);
    }
  }

  Result<void> drain() {
    if (assigns_) assigns_->collect();
    return tracer_.drain([&](const gm_record& record) {
      if (record.kind == GM_RECORD_STARTED) seen_.add(record);
      // Looked up now, while the process can still be asked.
      (void)resolver_.type(record.binary, record.tgid, record.key.type);
      moments_.add(record);
    });
  }

  void emit_before(std::uint64_t horizon_ns) {
    if (assigns_)
      assigns_->take_before(horizon_ns, [&](const model::AssignWindow& window) {
        emit_moments_before(window.monotonic_ns);
        for (auto* sink : sinks_) sink->assigns(window);
      });
    emit_moments_before(horizon_ns);
  }

  void emit_moments_before(std::uint64_t horizon_ns) {
    moments_.take_before(horizon_ns, [&](const Moment& moment) {
      if (!moment.record) {
        for (auto* sink : sinks_)
          sink->process(ProcessChange::kExited, processes_[moment.exited].info, moment.time_ns);
        return;
      }
      const auto event = model::decode(*moment.record, tracing_since_ns_, resolver_);
      divergences_.add(event);
      for (auto* sink : sinks_) sink->growth(event);
    });
  }

  Result<exporter::TraceReport> report() {
    std::vector<model::Process> processes;
    processes.reserve(processes_.size());
    for (const auto& process : processes_) processes.push_back(process.info);
    const auto rows = rows_of(TRY(tracer_.counters()));
    exporter::TraceReport report;
    report.summary = model::summarize(rows, processes, seen_, resolver_);
    if (governing_) {
      governing_->fill(report.summary);
      report.is_estimated = governing_->has_sampled();
      report.sampled_hits = governing_->sampled_hits();
    }
    report.duration_ns = static_cast<std::uint64_t>((Clock::now() - began_).count());
    report.began_ns = began_realtime_ns_;
    report.stats = TRY(tracer_.stats());
    report.rejected_records = tracer_.rejected_records();
    report.model_divergences = divergences_.count() + report.stat(GM_STAT_IMPOSSIBLE);
    if (assigns_) report.assign = TRY(assigns_->report());
    return report;
  }

  Result<void> finish() {
    const auto ended = Clock::now();
    tracer_.deactivate();
    if (assigns_) assigns_->stop();
    if (governing_) governing_->stop(rows_of(TRY(tracer_.counters())));
    tracer_.detach();  // waits for probes that are just being hit
    TRY_VOID(drain());
    emit_before(UINT64_MAX);
    auto last = TRY(report());
    last.duration_ns = static_cast<std::uint64_t>((ended - began_).count());
    for (const auto& failure : binaries_.rest_readers())
      fmt::print(stderr, "gomapd: names are missing: {}\n", exporter::escape(failure));
    if (child_) {
      if (const auto status = child_->poll_status()) last.command_failure = failure_text(*status);
      child_->terminate(kTerminationGrace);
    }
    Result<void> finished;
    for (auto* sink : sinks_)
      if (auto one = sink->finish(last); !one && finished) finished = std::move(one);
    return finished;
  }

  const TraceOptions options_;
  analyst::Workshop& workshop_;
  BinaryTable binaries_;
  std::optional<proc::Child> child_;
  std::vector<TracedProcess> processes_;
  const std::vector<TraceSink*> sinks_;
  kernel::Tracer tracer_;
  EventLoop loop_;
  TraceResolver resolver_;
  std::unique_ptr<AssignSampling> assigns_;    // at Detail::kAssign
  std::unique_ptr<TraceGoverning> governing_;  // where growths' cost is bounded
  model::SeenMaps seen_;
  model::Divergences divergences_;
  Moments moments_;
  Clock::time_point began_;
  std::uint64_t tracing_since_ns_ = 0;
  std::uint64_t began_realtime_ns_ = 0;
  Clock::time_point last_state_;
  Clock::time_point last_governed_;
};

}  // namespace

Result<void> run_trace(const TraceOptions& options, std::span<TraceSink* const> sinks) {
  TRY_VOID(kernel::check_prerequisites());
  kernel::TracerOptions tracer_options;
  tracer_options.ring_bytes = options.ring_bytes;
  tracer_options.force_perf_uprobes = options.force_perf_uprobes;
  auto workshop = TRY(analyst::Workshop::start());  // while there is nothing to inherit
  auto tracer = TRY(kernel::Tracer::load(tracer_options));
  auto loop = TRY(EventLoop::create(kDrainInterval));
  return TraceSession(options, sinks, workshop, std::move(tracer), std::move(loop)).run();
}

Result<void> trace(TraceOptions options, const TraceResult& result) {
  TRY_VOID(kernel::check_prerequisites());
  const auto output = TRY(TraceOutput::open(result.path, result.json ? Form::kJson : Form::kTable));
  if (result.lives) output->follow(model::Lives(*result.lives));
  const auto profiles = TRY(ProfileOutput::open(result.profiles));
  options.command_output_to_stderr = (result.json || result.lives) && result.path.empty();
  // A live table and the command's own output would overwrite each other.
  if (!options.command.empty() && isatty(STDOUT_FILENO) != 0) output->no_live_table();
  const std::array<TraceSink*, 2> sinks{output.get(), profiles.get()};
  return run_trace(options, sinks);
}

}  // namespace gomapd::app
