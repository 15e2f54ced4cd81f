// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>

namespace gomapd::model {

// Values by key, of which those that have not been asked for lately are forgotten:
// at most `limit` are kept, and never one of the `limit`/2 asked for last. Two
// generations; what is used moves to the young one. Not for several threads.
template <typename Value>
class Recent {
 public:
  explicit Recent(std::size_t limit) : half_(limit / 2) {}

  // The value of the key, made anew where there is none. Valid until the next call.
  Value& operator[](std::uint64_t key) {
    if (const auto found = young_.find(key); found != young_.end()) return found->second;
    if (young_.size() >= half_) {
      forgotten_ += old_.size();
      old_ = std::exchange(young_, {});
    }
    if (auto node = old_.extract(key)) return young_.insert(std::move(node)).position->second;
    return young_[key];
  }

  // Null where there is none. Does not count as being asked for.
  [[nodiscard]] Value* find(std::uint64_t key) {
    if (const auto found = young_.find(key); found != young_.end()) return &found->second;
    const auto found = old_.find(key);
    return found == old_.end() ? nullptr : &found->second;
  }

  template <typename Visit>
  void for_each(Visit visit) const {
    for (const auto* generation : {&young_, &old_})
      for (const auto& [key, value] : *generation) visit(value);
  }

  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

 private:
  std::size_t half_;
  std::unordered_map<std::uint64_t, Value> young_;
  std::unordered_map<std::uint64_t, Value> old_;
  std::uint64_t forgotten_ = 0;
};

}  // namespace gomapd::model
