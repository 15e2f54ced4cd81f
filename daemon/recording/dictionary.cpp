// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/recording/dictionary.h"

#include <algorithm>

namespace gomapd::recording {

namespace {

std::uint8_t flags_of(const symbol::Frame& frame) {
  unsigned flags = frame.inlined ? kInlined : 0;
  if (frame.runtime_map) flags |= kRuntimeMapFunction;
  if (frame.callers_missing) flags |= kCallersMissing;
  return static_cast<std::uint8_t>(flags);
}

}  // namespace

std::size_t Dictionary::GrowthHash::operator()(const GrowthClass& growth) const {
  std::size_t hash = 0;
  for (const std::uint64_t part :
       {std::uint64_t{growth.what}, std::uint64_t{growth.pid}, std::uint64_t{growth.kind},
        growth.old_buckets, reinterpret_cast<std::uint64_t>(growth.type),
        reinterpret_cast<std::uint64_t>(growth.stack)}) {
    hash = (hash ^ part) * 0x9e3779b97f4a7c15ULL;
    hash ^= hash >> 32U;
  }
  return hash;
}

std::uint64_t Dictionary::string(std::string_view text) {
  auto& strings = section(Definition::kString);
  const auto [found, is_new] =
      strings_.try_emplace(std::string(text.substr(0, kMaxTextBytes)), strings.next);
  if (is_new) {
    ++strings.next;
    strings.entries.text(found->first);
  }
  return found->second;
}

std::uint64_t Dictionary::frame(const symbol::Frame& frame) {
  auto& frames = section(Definition::kFrame);
  const FrameKey key{string(frame.function), string(frame.file), frame.line, flags_of(frame),
                     frame.address};
  const auto [found, is_new] = frames_.try_emplace(key, frames.next);
  if (is_new) {
    ++frames.next;
    frames.entries.varint(std::get<0>(key));
    frames.entries.varint(std::get<1>(key));
    frames.entries.difference(static_cast<std::uint64_t>(frame.line), 0);
    frames.entries.byte(std::get<3>(key));
    frames.entries.varint(frame.address);
  }
  return found->second;
}

std::uint64_t Dictionary::stack(const model::Stack* stack) {
  auto& stacks = section(Definition::kStack);
  const auto [found, is_new] = stacks_.try_emplace(stack, stacks.next);
  if (is_new) {
    ++stacks.next;
    const auto count = std::min<std::uint64_t>(stack->size(), kMaxFrames);
    stacks.entries.varint(count);
    for (std::uint64_t i = 0; i < count; ++i) stacks.entries.varint(frame((*stack)[i]));
  }
  return found->second;
}

std::uint64_t Dictionary::type(const model::TypeInfo* type) {
  auto& types = section(Definition::kType);
  const auto [found, is_new] = types_.try_emplace(type, types.next);
  if (is_new) {
    ++types.next;
    types.entries.varint(type->name ? string(*type->name) + 1 : 0);
    types.entries.varint(type->shape.unit_bytes);
    types.entries.byte(static_cast<std::uint8_t>(type->shape.scan));
    types.entries.varint(static_cast<std::uint64_t>(type->shape.version.minor));
    types.entries.varint(static_cast<std::uint64_t>(type->shape.version.patch));
  }
  return found->second;
}

std::uint64_t Dictionary::process(const model::Process& process) {
  auto& processes = section(Definition::kProcess);
  const auto [found, is_new] = processes_.try_emplace(process.pid, processes.next);
  if (is_new) {
    ++processes.next;
    processes.entries.varint(process.pid);
    processes.entries.varint(string(process.exe));
    processes.entries.varint(string(process.go_version));
    processes.entries.byte(static_cast<std::uint8_t>(process.design));
    processes.entries.varint(string(process.assumed_rules));
    processes.entries.varint(string(process.build_id));
    processes.entries.varint(process.text_address);
    processes.entries.varint(process.text_size);
    processes.entries.varint(process.text_file_offset);
  }
  return found->second;
}

std::uint64_t Dictionary::growth(const GrowthClass& growth) {
  auto& growths = section(Definition::kGrowth);
  const auto [found, is_new] = growths_.try_emplace(growth, growths.next);
  if (is_new) {
    ++growths.next;
    growths.entries.byte(static_cast<std::uint8_t>(growth.what));
    growths.entries.varint(growth.pid);
    growths.entries.byte(static_cast<std::uint8_t>(growth.design));
    growths.entries.byte(static_cast<std::uint8_t>(growth.kind));
    growths.entries.byte(static_cast<std::uint8_t>(growth.reason));
    growths.entries.varint(growth.old_buckets);
    growths.entries.varint(growth.new_buckets);
    growths.entries.varint(growth.bytes);
    growths.entries.varint(type(growth.type));
    growths.entries.varint(stack(growth.stack));
  }
  return found->second;
}

// In the order of the sorts: each refers to earlier ones alone.
ByteOutput Dictionary::take_definitions() {
  ByteOutput payload;
  for (auto& [sort, pending] : sections_) {
    if (pending.entries.empty()) continue;
    ByteOutput counted;
    counted.varint(pending.first_pending);
    counted.varint(pending.next - pending.first_pending);
    counted.bytes(pending.entries.view());
    payload.byte(static_cast<std::uint8_t>(sort));
    payload.varint(counted.size());
    payload.bytes(counted.view());
    pending.first_pending = pending.next;
    pending.entries.clear();
  }
  return payload;
}

}  // namespace gomapd::recording
