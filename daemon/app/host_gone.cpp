// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// What is left to do for processes and binaries that have gone.
#include <algorithm>
#include <set>
#include <utility>

#include "daemon/app/clock.h"
#include "daemon/app/host.h"
#include "daemon/proc/process_list.h"

namespace gomapd::app {
namespace {

using Clock = std::chrono::steady_clock;

// Longer than any answer takes; what is not known by then never will be.
constexpr std::chrono::seconds kLongestHeld{30};

}  // namespace

void Host::left(std::uint32_t pid) {
  const auto known = processes_.find(pid);
  if (known == processes_.end()) return;
  const auto& was = known->second;
  binaries_.exited(pid, was.file);
  // The kernel's tables hold nothing of others.
  if (was.fate == Fate::kTraced || was.fate == Fate::kFailed ||
      (was.fate == Fate::kSkipped && binaries_.traces(was.file)))
    gone_.insert(pid);
  processes_.erase(known);
}

// The last word on processes that have gone.
Result<void> Host::bury() {
  if (!gone_.empty()) {
    TRY_VOID(drain());
    for (const auto pid : gone_) last_words_[pid].since = Clock::now();
    for (auto& row : rows_of(TRY(tracer_.take_counters(gone_))))
      last_words_[row.key.tgid].rows.push_back(row);
    std::erase_if(rows_, [&](const auto& row) { return gone_.contains(row.key.tgid); });
    gone_.clear();
  }
  write_last_words();
  return {};
}

// Of all of which it is known what they mean, and of one at once.
void Host::write_last_words(std::optional<std::uint32_t> at_once) {
  const auto now = Clock::now();
  std::erase_if(last_words_, [&](const auto& one) {
    const auto& [pid, words] = one;
    const bool is_ready = std::ranges::all_of(words.rows, [&](const model::CounterRow& row) {
      return resolver_.is_ready(row.value.binary, row.key.tgid, row.key);
    });
    if (!is_ready && pid != at_once && now - words.since < kLongestHeld) return false;
    ledger_.update(words.rows, resolver_, model::Ledger::Reading::kLast);
    ledger_.exited(pid, monotonic_ns());
    live_maps_.forget(pid);
    resolver_.forget_process(pid);
    return true;
  });
}

// Its number was another's until just now: that one's counters first.
Result<void> Host::make_way_for(std::uint32_t pid) {
  if (gone_.contains(pid)) TRY_VOID(bury());
  if (last_words_.contains(pid)) write_last_words(pid);
  return {};
}

// Who came and went before it could be looked at has counted all the same: its
// binary was probed for another.
void Host::adopt_strangers(std::span<const model::CounterRow> rows) {
  for (const auto& [key, value] : rows) {
    if (ledger_.knows(key.tgid) || gone_.contains(key.tgid)) continue;
    // Not a Go process: it was ending when it was looked at.
    const auto known = processes_.find(key.tgid);
    if (known != processes_.end() && known->second.fate != Fate::kNotGo) continue;
    if (proc::start_ticks_of(static_cast<pid_t>(key.tgid))) continue;  // the next scan finds it
    const auto* binary = binaries_table_.find(value.binary);
    ledger_.started(key.tgid,
                    {{.exe = binaries_.name_of(value.binary), .unit = "", .container_id = ""},
                     binary == nullptr ? "" : binary->plan.build_info.version,
                     monotonic_ns()});
    gone_.insert(key.tgid);
  }
}

void Host::let_binaries_go() {
  const auto surplus = binaries_.surplus();
  std::set<std::uint32_t> numbers(surplus.begin(), surplus.end());
  if (std::exchange(look_for_deleted_, false))
    for (const auto number : binaries_.deleted()) numbers.insert(number);
  // Its names are still being asked for.
  for (const auto& [pid, words] : last_words_)
    for (const auto& row : words.rows) numbers.erase(row.value.binary);
  for (const auto number : numbers) {
    governing_->forget(number);
    resolver_.forget_binary(number);
    binaries_.forget(number);
  }
}

}  // namespace gomapd::app
