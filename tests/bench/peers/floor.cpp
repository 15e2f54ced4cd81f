// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// gomapd_floor PID FILE (empty|full) (start|end|both) (uprobe_multi|perf_event)
//
// Puts probes on the growth sites that gomapd chose in FILE, the executable of process
// PID: programs that do nothing (the floor), or gomapd's own; on the starts of growths
// alone, on their ends alone, or on both. Prints {"attach_ms", "sites"} when they are in, takes
// them out at the end of standard input, and prints {"detach_ms", "hits"}.
// Exit codes: 0 done, 1 failed, 2 the command line is wrong.
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/kernel/attach.h"
#include "daemon/kernel/tracer.h"
#include "daemon/proc/file.h"
#include "floor.skel.h"
#include "probes/plan/plan.h"

namespace gomapd {
namespace {

using Skeleton = std::unique_ptr<floor_bpf, kernel::Deleter<floor_bpf::destroy>>;

struct Wishes {
  pid_t pid = 0;
  std::string path;
  bool full = false;
  std::optional<Role> only;  // none: starts and ends
  bool perf_event = false;
};

double ms_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

// Probes that do nothing, in while it lives.
class Empty {
 public:
  static Result<Empty> load(const Wishes& wishes) {
    kernel::prepare_libbpf();
    Empty empty;
    empty.by_ = wishes.perf_event ? kernel::AttachBy::kPerfEvent : kernel::AttachBy::kUprobeMulti;
    empty.skeleton_.reset(floor_bpf::open());
    if (!empty.skeleton_) return kernel::system_error("opening the BPF program", errno);
    kernel::set_attach_type(*empty.skeleton_->obj, empty.by_);
    if (const int error = floor_bpf::load(empty.skeleton_.get()); error != 0)
      return kernel::system_error("loading the BPF program", -error);
    return empty;
  }

  Result<void> attach(std::span<const ProbeSite> sites, const proc::MappedFile& file, pid_t pid) {
    kernel::Places places;
    for (const auto& site : sites) {
      places.offsets.push_back(site.file_offset);
      places.cookies.push_back(0);
    }
    return kernel::attach(skeleton_->progs.gm_empty, by_,
                          fmt::format("/proc/self/fd/{}", file.fd()), pid, places, links_);
  }
  static Result<void> keep_up() { return {}; }
  void detach() { links_.clear(); }
  static Result<std::uint64_t> hits() { return 0; }

 private:
  Skeleton skeleton_;
  kernel::AttachBy by_{};
  std::vector<kernel::ProbeLink> links_;
};

// gomapd's own, as `gomapd trace` has them.
class Full {
 public:
  static Result<Full> load(const Wishes& wishes) {
    return Full(TRY(kernel::Tracer::load({.force_perf_uprobes = wishes.perf_event})));
  }

  Result<void> attach(std::span<const ProbeSite> sites, const proc::MappedFile& file, pid_t pid) {
    TRY_VOID(tracer_.add_target(pid));
    TRY_VOID(tracer_.attach(sites, 0, file.fd(), pid));
    tracer_.activate();
    return {};
  }
  Result<void> keep_up() {
    return tracer_.drain([](const gm_record&) {});
  }
  void detach() {
    tracer_.deactivate();
    tracer_.detach();
  }
  [[nodiscard]] Result<std::uint64_t> hits() const {
    const auto stats = TRY(tracer_.stats());
    return stats.at(GM_STAT_HITS_START) + stats.at(GM_STAT_HITS_END);
  }

 private:
  explicit Full(kernel::Tracer tracer) : tracer_(std::move(tracer)) {}
  kernel::Tracer tracer_;
};

template <typename Probes>
Result<void> run(const Wishes& wishes) {
  constexpr int kDrainMs = 50;
  const auto file = TRY(proc::MappedFile::open(wishes.path));
  const auto binary = TRY(analyse(file.bytes()));
  if (const auto refusal = binary.trace_refusal(); !refusal.empty())
    return fail(Errc::kUnsupported, refusal);
  auto sites = binary.sites_for(Detail::kGrowth);
  if (wishes.only)
    std::erase_if(sites, [&](const auto& site) { return site.role != *wishes.only; });

  auto probes = TRY(Probes::load(wishes));
  auto began = std::chrono::steady_clock::now();
  TRY_VOID(probes.attach(sites, file, wishes.pid));
  fmt::print("{{\"attach_ms\": {:.3f}, \"sites\": {}}}\n", ms_since(began), sites.size());
  std::fflush(stdout);

  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  while (poll(&input, 1, kDrainMs) == 0) TRY_VOID(probes.keep_up());
  began = std::chrono::steady_clock::now();
  probes.detach();
  fmt::print("{{\"detach_ms\": {:.3f}, \"hits\": {}}}\n", ms_since(began), TRY(probes.hits()));
  return {};
}

std::optional<Wishes> parse(std::span<char* const> arguments) {
  if (arguments.size() != 6) return std::nullopt;
  Wishes wishes;
  const std::string_view pid = arguments[1];
  const auto [end, error] = std::from_chars(pid.data(), pid.data() + pid.size(), wishes.pid);
  if (error != std::errc{} || end != pid.data() + pid.size() || wishes.pid <= 0)
    return std::nullopt;
  wishes.path = arguments[2];
  wishes.full = std::string_view(arguments[3]) == "full";
  const std::string_view where = arguments[4];
  if (where == "start") wishes.only = Role::kGrowthStart;
  if (where == "end") wishes.only = Role::kGrowthEnd;
  wishes.perf_event = std::string_view(arguments[5]) == "perf_event";
  return wishes;
}

}  // namespace
}  // namespace gomapd

int main(int argc, char** argv) {
  const auto wishes = gomapd::parse({argv, static_cast<std::size_t>(argc)});
  if (!wishes) {
    fmt::print(stderr,
               "usage: gomapd_floor PID FILE (empty|full) (start|end|both) "
               "(uprobe_multi|perf_event)\n");
    return 2;
  }
  const auto done =
      wishes->full ? gomapd::run<gomapd::Full>(*wishes) : gomapd::run<gomapd::Empty>(*wishes);
  if (done) return 0;
  fmt::print(stderr, "gomapd_floor: {}\n", done.error().context);
  return 1;
}
