// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>

#include "daemon/model/trace.h"

namespace gomapd::model {

// Growths of which one in some was looked at: where, of what, how often.
struct SampleRow {
  gm_counter_key key;
  std::uint32_t binary = 0;
  std::uint64_t described = 0;
  std::uint64_t max_keys = 0;
};

// Takes what windows say of processes whose growths are sampled.
class EstimateSink {
 public:
  EstimateSink() = default;
  EstimateSink(const EstimateSink&) = delete;
  EstimateSink& operator=(const EstimateSink&) = delete;
  virtual ~EstimateSink() = default;

  // How many growths a window stands for, by how much that changes the variance of all
  // estimates, and what was described of them, which tells where they were and what
  // their bytes are.
  virtual void estimate(std::uint32_t pid, go::Design design, double growths, double variance,
                        std::span<const SampleRow> described, Resolver& resolver) = 0;
  // The probes of `pid` are out: growths that are under way by its next counters end
  // unseen.
  virtual void forget_open(std::uint32_t pid) = 0;
};

// What was estimated in one trace.
class TraceEstimates final : public EstimateSink {
 public:
  void estimate(std::uint32_t pid, go::Design design, double growths, double variance,
                std::span<const SampleRow> described, Resolver& resolver) override;
  void forget_open(std::uint32_t pid) override { forgets_open_[pid] = true; }
  // The counters, after the probes that forget_open() is about have gone.
  void settle(std::span<const CounterRow> rows);

  // Puts it into a summary of what was counted: sums, by process, by site.
  void fill(Summary& summary) const;

 private:
  using SiteKey = std::tuple<std::string, std::string, std::int32_t, std::optional<std::string>>;
  struct Site {
    Estimated estimated;
    std::uint64_t max_keys = 0;
  };

  std::map<std::uint32_t, Estimated> processes_;
  std::map<SiteKey, Site> sites_;
  // Growths of which nothing was described, by process: they are where the next ones are,
  // or at last where all the others were.
  std::map<std::uint32_t, double> unplaced_;
  std::map<std::uint32_t, bool> forgets_open_;
  std::map<std::uint32_t, std::uint64_t> ends_unseen_;
};

}  // namespace gomapd::model
