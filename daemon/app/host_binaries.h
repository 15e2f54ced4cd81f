// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/app/analyser.h"
#include "daemon/app/targets.h"
#include "daemon/kernel/tracer.h"
#include "daemon/proc/file.h"
#include "probes/plan/catalogue.h"

namespace gomapd::app {

// The executables of a host: each is analysed once, whoever runs it, and probed for
// all its processes, those to come too. Probes in a file that nothing runs cost
// nothing, so they stay: the next process is traced from its first instruction.
class HostBinaries {
 public:
  static constexpr std::size_t kMaxIdle = 256;      // binaries with probes that nothing runs
  static constexpr std::size_t kMaxRefused = 8192;  // files that are remembered as not ours

  enum class Standing : std::uint8_t { kAnalysing, kTraced, kNotGo, kRefused };
  struct Entry {
    Standing standing = Standing::kAnalysing;
    std::uint32_t number = 0;  // kTraced: in records and counters
    Errc code{};               // kRefused: why, for programs
    std::string reason;        // and for people
    std::string name;          // base name of the path by which it was met first
    std::set<std::uint32_t> processes;
    std::uint64_t idle_since = 0;  // in uses; kTraced and no processes
  };

  // Borrows all three.
  HostBinaries(Analyser* analyser, kernel::Tracer* tracer, BinaryTable* table, Detail detail)
      : analyser_(analyser), tracer_(tracer), table_(table), detail_(detail) {}

  // Process `pid` runs `file`, which is `path`, from now on; what is known of that.
  // Analysis begins where nothing is.
  const Entry& started(std::uint32_t pid, proc::File file, const std::string& path);
  // Likewise, and it is known already: null when it is not.
  const Entry* joined(std::uint32_t pid, const proc::FileId& id);
  void exited(std::uint32_t pid, const proc::FileId& id);

  // Those that have, or may have, probes.
  [[nodiscard]] std::vector<const Entry*> traced() const;
  // Whether `id` has probes.
  [[nodiscard]] bool traces(const proc::FileId& id) const;
  // Of one that has probes.
  [[nodiscard]] std::optional<std::uint32_t> number_of(const proc::FileId& id) const;
  // Of a binary with probes; empty: there is none of that number.
  [[nodiscard]] std::string name_of(std::uint32_t number) const;

  // Those whose analysis has ended since the last call. New probes are in by then.
  std::vector<const Entry*> settle();

  // Binaries to be let go, by their numbers: of those that nothing runs the ones that
  // were not run for longest, where there are too many, and those whose files have been
  // deleted. What points into them must be dropped before forget().
  [[nodiscard]] std::vector<std::uint32_t> surplus() const;
  [[nodiscard]] std::vector<std::uint32_t> deleted() const;
  void forget(std::uint32_t number);

 private:
  void settle_one(Analyser::Analysed analysed, Entry& entry);
  void forget_some_refusals();

  Analyser* analyser_;
  kernel::Tracer* tracer_;
  BinaryTable* table_;
  Detail detail_;
  std::map<proc::FileId, Entry> entries_;
  std::uint64_t uses_ = 0;
};

}  // namespace gomapd::app
