// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemon/model/trace.h"

// What a busy host looks like to the pure parts, as large as asked for.
namespace gomapd::bench {

inline constexpr std::size_t kFrames = 16;

// Types and call stacks by number; each stack ends in a function of its own.
class Resolver final : public model::Resolver {
 public:
  const model::TypeInfo& type(std::uint32_t /*binary*/, std::uint32_t /*pid*/,
                              std::uint64_t address) override {
    auto& info = types_[address];
    if (!info.name)
      info = {"map[string]*main.T" + std::to_string(address),
              {208, model::Scan::kPointers, go::Version{24, 0}}};
    return info;
  }
  const model::Stack& stack(std::uint32_t /*binary*/, std::uint64_t id) override {
    auto& stack = stacks_[id];
    for (std::size_t i = stack.size(); i < kFrames; ++i) {
      symbol::Frame frame;
      frame.function =
          "github.com/example/server/internal/part.(*thing).step" + std::to_string(i == 0 ? id : i);
      frame.file = "github.com/example/server/internal/part/step.go";
      frame.line = static_cast<std::int32_t>(i + 10);
      frame.address = 0x400000 + id * 0x1000 + i * 0x10;
      stack.push_back(frame);
    }
    return stack;
  }

 private:
  std::map<std::uint64_t, model::TypeInfo> types_;
  std::map<std::uint64_t, model::Stack> stacks_;
};

// The start of a growth of the `i`-th of many maps, at one of `sites` lines.
inline gm_record started(std::uint64_t i, std::uint64_t sites) {
  gm_record record{};
  record.kind = GM_RECORD_STARTED;
  record.size = sizeof(record);
  record.time_ns = 1'000'000'000 + i * 1000;
  record.tgid = 41;
  record.tid = 41;
  record.goid = i % 64;
  record.go_map = 0xc000000000 + (i % 65536) * 48;
  record.seed = i % 65536;
  record.keys = 56;
  record.go_map_keys = 56;
  record.key.tgid = 41;
  record.key.kind = GM_KIND_TABLE_DOUBLE;
  record.key.old_log2 = 6;
  record.key.type = 1 + i % 8;
  record.key.stack = 1 + i % sites;
  return record;
}

// A counter of process `pid`, site `stack`, with `growths`.
inline model::CounterRow counter(std::uint32_t pid, std::uint64_t stack, std::uint64_t growths) {
  model::CounterRow row{};
  row.key = started(stack, stack + 1).key;
  row.key.tgid = pid;
  row.key.stack = stack;
  row.value.started = growths;
  row.value.finished = growths;
  row.value.duration_ns = growths * 1500;
  row.value.max_duration_ns = 9000;
  row.value.max_keys = 56;
  row.value.durations[1] = static_cast<std::uint32_t>(growths);
  return row;
}

}  // namespace gomapd::bench
