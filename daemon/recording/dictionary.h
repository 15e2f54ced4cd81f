// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "daemon/model/trace.h"
#include "daemon/recording/byte_output.h"
#include "daemon/recording/format.h"

namespace gomapd::recording {

// What the events of one sort have in common, the thread, the map and the time
// being what they don't. Types and stacks by their addresses.
struct GrowthClass {
  gm_record_kind what = GM_RECORD_STARTED;
  std::uint32_t pid = 0;
  go::Design design = go::Design::kClassic;
  gm_kind kind = GM_KIND_UNKNOWN;
  model::Reason reason = model::Reason::kLoadFactor;
  std::uint64_t old_buckets = 0;
  std::uint64_t new_buckets = 0;
  std::uint64_t bytes = 0;
  const model::TypeInfo* type = nullptr;
  const model::Stack* stack = nullptr;
  friend bool operator==(const GrowthClass&, const GrowthClass&) = default;
};

// Gives numbers to texts, frames, stacks, types, processes and growth classes,
// from 0 on for each, and keeps the definitions of those that are new until they
// are taken. What the pointers point to must keep its address and value.
class Dictionary {
 public:
  std::uint64_t string(std::string_view text);
  std::uint64_t stack(const model::Stack* stack);
  std::uint64_t type(const model::TypeInfo* type);
  std::uint64_t process(const model::Process& process);
  std::uint64_t growth(const GrowthClass& growth);

  // The payload of a block with all definitions since the last call; empty when
  // there are none.
  [[nodiscard]] ByteOutput take_definitions();

 private:
  // Definitions of one sort that wait to be taken.
  struct Section {
    std::uint64_t next = 0;
    std::uint64_t first_pending = 0;
    ByteOutput entries;
  };
  using FrameKey =
      std::tuple<std::uint64_t, std::uint64_t, std::int32_t, std::uint8_t, std::uint64_t>;
  struct GrowthHash {
    std::size_t operator()(const GrowthClass& growth) const;
  };

  std::uint64_t frame(const symbol::Frame& frame);
  Section& section(Definition sort) { return sections_[sort]; }

  std::map<Definition, Section> sections_;
  std::unordered_map<std::string, std::uint64_t> strings_;
  std::map<FrameKey, std::uint64_t> frames_;
  std::unordered_map<const model::Stack*, std::uint64_t> stacks_;
  std::unordered_map<const model::TypeInfo*, std::uint64_t> types_;
  std::unordered_map<std::uint32_t, std::uint64_t> processes_;  // by pid
  std::unordered_map<GrowthClass, std::uint64_t, GrowthHash> growths_;
};

}  // namespace gomapd::recording
