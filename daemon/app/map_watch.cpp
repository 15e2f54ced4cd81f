// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/map_watch.h"

namespace gomapd::app {

MapWatch::Reply MapWatch::ask(const Key& key, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    if (entries_.size() >= kMost) return {.answer = Answer::kFull, .sight = nullptr};
    entries_[key].asked = now;
    return {};
  }
  auto& entry = found->second;
  if (entry.is_gone) {
    // Told once; whoever asks again begins anew, for there may be another by then.
    entries_.erase(found);
    return {.answer = Answer::kGone, .sight = nullptr};
  }
  entry.asked = now;
  if (!entry.sight) return {};
  return {.answer = Answer::kSeen, .sight = entry.sight};
}

std::vector<MapWatch::Key> MapWatch::wanted(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const auto& one) { return now - one.second.asked > kPatience; });
  std::vector<Key> keys;
  for (const auto& [key, entry] : entries_)
    if (!entry.is_gone) keys.push_back(key);
  return keys;
}

void MapWatch::put(const Key& key, std::shared_ptr<const MapSight> sight) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  found->second.is_gone = sight == nullptr;
  found->second.sight = std::move(sight);
}

}  // namespace gomapd::app
