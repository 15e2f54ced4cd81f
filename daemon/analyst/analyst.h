// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/analyst/conversation.h"
#include "daemon/analyst/wire.h"
#include "daemon/analyst/workshop.h"

namespace gomapd::analyst {

// How long an answer may take.
struct Patience {
  std::chrono::milliseconds plan{60'000};
  std::chrono::milliseconds other{5'000};
};

// Knows one file, without ever reading it but for its program headers and the code at the
// plan's sites: a reader, a process shut in, does. The reader is started when it is asked
// something and there is none. One that crashes, stalls or misleads is not started again:
// kReaderFailed with the first reason, from then on; one that others kill is, twice. For one
// thread at a time.
class Analyst {
 public:
  // Borrows the workshop and the descriptor.
  Analyst(Workshop* workshop, int file, Patience patience = {})
      : workshop_(workshop), file_(file), patience_(patience) {}
  Analyst(const Analyst&) = delete;
  Analyst& operator=(const Analyst&) = delete;
  ~Analyst() { rest(); }

  // As probes::analyse, and what it says was held against the file: judge.h.
  [[nodiscard]] Result<Plan> plan();
  // From here on no call waits longer than this, which may be 0, for what takes longer: it
  // returns as if nothing were known, with is_waiting(), and is to be made again later.
  void wait_no_longer_than(std::chrono::milliseconds longest) { longest_wait_ = longest; }
  // Whether a question is not answered yet. Others are asked after it.
  [[nodiscard]] bool is_waiting() const { return question_.has_value(); }
  [[nodiscard]] Result<bool> holds_go_code();
  // Of a library that says by section headers which Go built it; kNotGo when none did.
  [[nodiscard]] Result<std::string> library_version();
  // Of the file at `address`, as GoBinary::map_type and read_file.
  [[nodiscard]] Result<go::GoMapType> map_type(elf::Vaddr address, const go::TypeLayout& layout);
  [[nodiscard]] bool read_file(elf::Vaddr address, std::span<std::byte> out, go::Content content);
  // As symbol::symbolize; nothing for what can't be told.
  [[nodiscard]] std::vector<symbol::Frame> symbolize(std::span<const std::uint64_t> pcs,
                                                     symbol::RuntimeFrames shown);
  // The function that `pc` lies in, whatever it is.
  [[nodiscard]] std::optional<symbol::Frame> function_at(std::uint64_t pc);

  // Ends the reader; the next question starts another.
  void rest();
  [[nodiscard]] bool is_running() const { return reader_.has_value(); }
  // 0 when there is none.
  [[nodiscard]] pid_t reader_pid() const { return reader_ ? reader_->pid : 0; }
  // Of the last question.
  [[nodiscard]] std::chrono::steady_clock::time_point asked() const { return asked_; }
  // Why its reader failed, once: nothing when it did not, or this was told already.
  [[nodiscard]] std::optional<std::string> take_failure();

 private:
  template <typename T>
  Result<T> ask(const Request& request, std::chrono::milliseconds patience);
  Result<Message> converse_with_reader(const Request& request, std::chrono::milliseconds patience);
  Result<std::optional<Message>> hear(std::chrono::milliseconds longest);
  Error give_up(const Error& error);

  Workshop* workshop_;
  int file_;
  Patience patience_;
  std::chrono::milliseconds longest_wait_ = std::chrono::hours(1);
  std::optional<ReaderProcess> reader_;
  std::optional<Conversation> question_;  // by the reader's socket
  std::optional<Error> failure_;
  bool told_ = false;
  int killed_ = 0;  // how often by others
  std::chrono::steady_clock::time_point asked_;
};

}  // namespace gomapd::analyst
