// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "daemon/model/trace.h"
#include "daemon/recording/cursor.h"

namespace gomapd::recording {

// What numbers in a recording stand for, as far as their definitions are whole.
// Borrows the file's bytes. Types and stacks keep their addresses.
class Definitions {
 public:
  struct Growth {
    model::GrowthEvent event;  // what all events of the class have in common
    bool complete = false;     // type and stack are known
  };

  // Takes the payload of a block of definitions. False when it contradicts
  // itself; what stands before that place counts.
  [[nodiscard]] bool add(Bytes payload);

  // Null where the definition is missing.
  [[nodiscard]] const Growth* growth(std::uint64_t number) const { return find(growths_, number); }
  [[nodiscard]] const model::Process* process(std::uint64_t number) const {
    return find(processes_, number);
  }
  [[nodiscard]] const model::TypeInfo* type(std::uint64_t number) const {
    return find(types_, number);
  }
  [[nodiscard]] const model::Stack* stack(std::uint64_t number) const {
    return find(stacks_, number);
  }
  [[nodiscard]] const std::string_view* string(std::uint64_t number) const {
    return find(strings_, number);
  }
  // Instead of what is missing.
  [[nodiscard]] const model::TypeInfo& no_type() const { return no_type_; }
  [[nodiscard]] const model::Stack& no_stack() const { return no_stack_; }

  // Few bytes can ask for copies of long texts many times over: false once the
  // copies are more than a trace can have.
  [[nodiscard]] bool charge(std::uint64_t bytes) {
    constexpr std::uint64_t kMostBytes = std::uint64_t{512} << 20U;
    copied_ = copied_ + bytes > kMostBytes ? kMostBytes : copied_ + bytes;
    return copied_ < kMostBytes;
  }

 private:
  struct Frame {
    std::string_view function;
    std::string_view file;
    std::int32_t line = 0;
    std::uint8_t flags = 0;  // enum FrameFlag
    std::uint64_t address = 0;
  };
  // By number: a lost block leaves a gap. Nodes keep their addresses.
  template <typename T>
  using Numbered = std::unordered_map<std::uint64_t, T>;
  template <typename T>
  static const T* find(const Numbered<T>& table, std::uint64_t number) {
    const auto found = table.find(number);
    return found == table.end() ? nullptr : &found->second;
  }

  bool add_section(Definition sort, Cursor cursor);
  void add_frame(std::uint64_t number, Cursor& cursor);
  void add_stack(std::uint64_t number, Cursor& cursor);
  void add_type(std::uint64_t number, Cursor& cursor);
  void add_process(std::uint64_t number, Cursor& cursor);
  void add_growth(std::uint64_t number, Cursor& cursor);

  Numbered<std::string_view> strings_;
  Numbered<Frame> frames_;
  Numbered<model::Stack> stacks_;
  Numbered<model::TypeInfo> types_;
  Numbered<model::Process> processes_;
  Numbered<Growth> growths_;
  model::TypeInfo no_type_;
  model::Stack no_stack_;
  std::uint64_t copied_ = 0;
};

}  // namespace gomapd::recording
