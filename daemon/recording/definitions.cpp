// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/recording/definitions.h"

#include <utility>

namespace gomapd::recording {
namespace {

std::int32_t read_line(Cursor& cursor) {
  return static_cast<std::int32_t>(cursor.difference(0));
}

go::Design read_design(Cursor& cursor) {
  const auto value = cursor.byte();
  if (value > static_cast<std::uint8_t>(go::Design::kSwiss)) cursor.fail();
  return static_cast<go::Design>(value);
}

gm_record_kind read_what(Cursor& cursor) {
  const auto value = cursor.byte();
  if (value < GM_RECORD_STARTED || value > GM_RECORD_PRUNED) cursor.fail();
  return static_cast<gm_record_kind>(value);
}

model::Reason read_reason(Cursor& cursor) {
  const auto value = cursor.byte();
  if (value > static_cast<std::uint8_t>(model::Reason::kTombstones)) cursor.fail();
  return static_cast<model::Reason>(value);
}

// A kind that a newer gomapd knows is unknown here.
gm_kind read_kind(Cursor& cursor) {
  const auto value = cursor.byte();
  return value < GM_KIND_COUNT ? static_cast<gm_kind>(value) : GM_KIND_UNKNOWN;
}

}  // namespace

bool Definitions::add(Bytes payload) {
  Cursor cursor(payload);
  while (!cursor.at_end()) {
    const auto sort = static_cast<Definition>(cursor.byte());
    const auto section = cursor.bytes(cursor.varint());
    if (!cursor.ok() || !add_section(sort, Cursor(section))) return false;
  }
  return true;
}

bool Definitions::add_section(Definition sort, Cursor cursor) {
  const auto first = cursor.varint();
  const auto count = cursor.count();
  for (std::uint64_t i = 0; i < count && cursor.ok(); ++i) {
    const auto number = first + i;
    switch (sort) {
      case Definition::kString: {
        const auto text = cursor.text();
        if (cursor.ok()) strings_.try_emplace(number, text);
        break;
      }
      case Definition::kFrame: add_frame(number, cursor); break;
      case Definition::kStack: add_stack(number, cursor); break;
      case Definition::kType: add_type(number, cursor); break;
      case Definition::kProcess: add_process(number, cursor); break;
      case Definition::kGrowth: add_growth(number, cursor); break;
      default: return true;  // of a newer version
    }
  }
  return cursor.ok();
}

void Definitions::add_frame(std::uint64_t number, Cursor& cursor) {
  const auto* function = string(cursor.varint());
  const auto* file = string(cursor.varint());
  Frame frame;
  frame.line = read_line(cursor);
  frame.flags = cursor.byte();
  frame.address = cursor.varint();
  if (!cursor.ok() || function == nullptr || file == nullptr) return;
  frame.function = *function;
  frame.file = *file;
  frames_.try_emplace(number, frame);
}

// A stack with a frame missing would be another one.
void Definitions::add_stack(std::uint64_t number, Cursor& cursor) {
  const auto count = cursor.count();
  if (count > kMaxFrames) cursor.fail();
  model::Stack stack;
  bool complete = true;
  for (std::uint64_t i = 0; i < count && cursor.ok(); ++i) {
    const auto* frame = find(frames_, cursor.varint());
    if (frame == nullptr) {
      complete = false;
      continue;
    }
    complete =
        complete && charge(sizeof(symbol::Frame) + frame->function.size() + frame->file.size());
    if (complete)
      stack.push_back({std::string(frame->function), std::string(frame->file), frame->line,
                       (frame->flags & kInlined) != 0, frame->address,
                       (frame->flags & kRuntimeMapFunction) != 0,
                       (frame->flags & kCallersMissing) != 0});
  }
  if (cursor.ok() && complete) stacks_.try_emplace(number, std::move(stack));
}

void Definitions::add_type(std::uint64_t number, Cursor& cursor) {
  const auto name = cursor.varint();
  model::TypeInfo type;
  type.shape.unit_bytes = cursor.varint();
  const auto scan = cursor.byte();
  if (scan > static_cast<std::uint8_t>(model::Scan::kPointers)) cursor.fail();
  type.shape.scan = static_cast<model::Scan>(scan);
  type.shape.version.minor = cursor.narrow<int>();
  type.shape.version.patch = cursor.narrow<int>();
  if (!cursor.ok()) return;
  if (name != 0) {
    const auto* text = string(name - 1);
    if (text == nullptr || !charge(sizeof(type) + text->size())) return;
    type.name = std::string(*text);
  }
  types_.try_emplace(number, std::move(type));
}

void Definitions::add_process(std::uint64_t number, Cursor& cursor) {
  model::Process process;
  process.pid = cursor.narrow<std::uint32_t>();
  const auto* exe = string(cursor.varint());
  const auto* version = string(cursor.varint());
  process.design = read_design(cursor);
  const auto* rules = string(cursor.varint());
  const auto* build_id = string(cursor.varint());
  process.text_address = cursor.varint();
  process.text_size = cursor.varint();
  process.text_file_offset = cursor.varint();
  if (!cursor.ok() || exe == nullptr || version == nullptr || rules == nullptr ||
      build_id == nullptr)
    return;
  if (!charge(sizeof(process) + exe->size() + version->size() + rules->size() + build_id->size()))
    return;
  process.exe = std::string(*exe);
  process.go_version = std::string(*version);
  process.assumed_rules = std::string(*rules);
  process.build_id = std::string(*build_id);
  processes_.try_emplace(number, std::move(process));
}

void Definitions::add_growth(std::uint64_t number, Cursor& cursor) {
  Growth growth;
  auto& event = growth.event;
  event.what = read_what(cursor);
  event.pid = cursor.narrow<std::uint32_t>();
  event.design = read_design(cursor);
  event.kind = read_kind(cursor);
  event.reason = read_reason(cursor);
  event.sizes.old_buckets = cursor.varint();
  event.sizes.new_buckets = cursor.varint();
  event.sizes.bytes = cursor.varint();
  event.type = type(cursor.varint());
  event.stack = stack(cursor.varint());
  if (!cursor.ok()) return;
  growth.complete = event.type != nullptr && event.stack != nullptr;
  if (event.type == nullptr) event.type = &no_type_;
  if (event.stack == nullptr) event.stack = &no_stack_;
  growths_.try_emplace(number, growth);
}

}  // namespace gomapd::recording
