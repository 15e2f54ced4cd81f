// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "bpf/interface.h"
#include "daemon/model/trace.h"

// What sampled windows of map assignments say. Pure.
namespace gomapd::model {

// Answers what a type or a caller means. Returned references live as long as the
// resolver.
class AssignResolver {
 public:
  virtual ~AssignResolver() = default;
  [[nodiscard]] virtual const TypeInfo& type(std::uint32_t binary, std::uint32_t pid,
                                             std::uint64_t address) = 0;
  // The code that a return address out of runtime.mapassign* lies in.
  [[nodiscard]] virtual const symbol::Frame& caller(std::uint32_t binary, std::uint64_t pc) = 0;
};

// A number of which only samples are known.
struct Estimate {
  double value = 0;
  std::optional<double> error;  // one standard error; unknown from a few windows
  bool at_least = false;        // or more, by nobody knows how much

  // Of a sum of independent ones.
  Estimate& operator+=(const Estimate& other);
};

struct AssignRow {
  gm_assign_key key;
  gm_assign value;
};
struct AssignThread {
  std::uint32_t tid = 0;
  gm_assign_thread pace{};
  bool busy = false;  // it ran, or waited for a CPU, all through the window
};

// What a hit costs its thread.
struct ProbeCost {
  double ns = 0;
  double error_ns = 0;
};

// How many times as many assignments a thread would have made in a window without
// the probes, give or take `error`.
struct Dilation {
  double factor = 1;
  double error = 0;
  bool at_least = false;  // or more: it can't be told how much more
};

// A thread that slept in the window has done all there was to do: what the probes
// took came off its rest. A busy one would have been faster by what they took of
// its running time, which its gaps and a hit's cost tell, unless hardly anything
// but hits is left of the gaps.
[[nodiscard]] Dilation dilation(const AssignThread& thread, const ProbeCost& cost);

// Assignments to one map from one place in one window, all threads.
struct AssignCount {
  std::uint64_t go_map = 0;  // address; 0: not kept
  std::uint64_t seed = 0;
  bool on_goroutine_stack = false;
  std::uint64_t type_address = 0;
  std::uint32_t binary = 0;
  const TypeInfo* type = nullptr;         // never null
  const symbol::Frame* caller = nullptr;  // never null; function empty: unknown
  std::uint64_t hits = 0;                 // exact
  double undilated = 0;                   // what they would have been unprobed
  double undilated_error = 0;
  bool at_least = false;
};

struct AssignWindow {
  std::uint32_t pid = 0;
  go::Design design = go::Design::kClassic;
  std::uint64_t monotonic_ns = 0;   // when its counts were read
  std::uint64_t window_ns = 0;      // for which hits were counted
  std::uint64_t stands_for_ns = 0;  // since the window before it, or tracing began
  bool cut = false;                 // the process exited in it
  std::vector<AssignCount> counts;
};

// Rows of the kernel, by map and place. Borrows from the resolver.
[[nodiscard]] std::vector<AssignCount> count_assigns(std::span<const AssignRow> rows,
                                                     std::span<const AssignThread> threads,
                                                     const ProbeCost& cost,
                                                     AssignResolver& resolver);

struct AssignSite {
  std::string function;  // empty: not known
  std::string file;
  std::int32_t line = 0;
  std::optional<std::string> type;
  std::uint64_t hits = 0;
  Estimate per_second;
};

struct AssignSummary {
  std::uint64_t windows = 0;
  std::uint64_t cut_windows = 0;  // of these; not in the estimates
  std::uint64_t window_ns = 0;
  std::uint64_t hits = 0;
  Estimate per_second;
  std::vector<AssignSite> sites;  // most assignments first
  std::uint64_t go_maps = 0;      // different ones that were seen
  bool go_maps_exact = true;
};

// Adds windows up. Each stands for the time since the one before it, so that it
// does not matter that they come closer together when a process is busy. The
// standard error is that of a cluster sample: windows differ, not assignments.
// What a hit's cost leaves uncertain is added to it.
class AssignEstimator {
 public:
  // Different maps that are remembered; about 100 bytes each.
  static constexpr std::size_t kMaxGoMaps = 1U << 18U;

  void add(const AssignWindow& window);
  [[nodiscard]] AssignSummary summary() const;

  // A map that was alive when a window was open.
  struct GoMap {
    std::uint32_t pid;
    std::uint64_t address;
    std::uint64_t seed;
    friend auto operator<=>(const GoMap&, const GoMap&) = default;
  };
  struct GoMapType {
    std::uint32_t binary;
    std::uint64_t type;
  };
  [[nodiscard]] const std::map<GoMap, GoMapType>& go_maps() const { return go_maps_; }

 private:
  // Sums over windows of what is assigned in the time that a window stands for
  // (x) and that time (t).
  struct Sums {
    double x = 0;
    double xx = 0;
    double xt = 0;
    double cost_error = 0;
    std::uint64_t hits = 0;
    bool at_least = false;
  };
  struct ProcessSums {
    std::uint64_t windows = 0;
    double t = 0;
    double tt = 0;
    Sums all;
  };
  using SiteKey =
      std::tuple<std::uint32_t, std::string, std::string, std::int32_t, std::optional<std::string>>;

  [[nodiscard]] static Estimate estimate(const Sums& sums, const ProcessSums& process);
  void remember(const AssignWindow& window);

  std::map<std::uint32_t, ProcessSums> processes_;
  std::map<SiteKey, Sums> sites_;
  std::map<GoMap, GoMapType> go_maps_;
  bool go_maps_exact_ = true;
  std::uint64_t windows_ = 0;
  std::uint64_t cut_windows_ = 0;
  std::uint64_t window_ns_ = 0;
  std::uint64_t hits_ = 0;
};

}  // namespace gomapd::model
