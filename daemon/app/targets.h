// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/analyst/analyst.h"
#include "daemon/kernel/tracer.h"
#include "daemon/model/trace.h"
#include "daemon/proc/file.h"
#include "probes/plan/plan.h"

namespace gomapd::app {

// A Go executable, and who knows it.
struct Binary {
  Binary(analyst::Workshop* workshop, proc::File its_file, std::string its_name)
      : file(std::move(its_file)), name(std::move(its_name)), expert(workshop, file.fd()) {}

  proc::File file;
  std::string name;  // for errors
  Plan plan;
  mutable analyst::Analyst expert;  // asked for what it knows, the plan apart
};

// `file`'s binary. An error when it is no Go program that can be traced; `name` is
// what it says then.
[[nodiscard]] Result<std::unique_ptr<Binary>> analyse_binary(analyst::Workshop& workshop,
                                                             proc::File file,
                                                             const std::string& name);

// The binaries that are traced, each analysed once, whoever runs it, by numbers
// that are never used again.
class BinaryTable {
 public:
  // Readers that may be there at once, besides one that makes a plan.
  static constexpr std::size_t kMaxReaders = 16;

  // Analyses and adds `file`'s binary, if it is not there; errors as above.
  [[nodiscard]] Result<std::uint32_t> add(analyst::Workshop& workshop, proc::File file,
                                          const std::string& name);
  [[nodiscard]] std::uint32_t add(std::unique_ptr<Binary> binary);
  void remove(std::uint32_t number) { binaries_.erase(number); }

  // Who knows `binary`; the readers that were asked longest ago make room for its own.
  [[nodiscard]] analyst::Analyst& analyst_of(const Binary& binary) const;
  // Ends readers that were not asked anything for a while. Returns which have failed since
  // the last call, and why.
  [[nodiscard]] std::vector<std::string> rest_readers() const;

  // Null: removed, or never there.
  [[nodiscard]] const Binary* find(std::uint32_t number) const;
  [[nodiscard]] const Binary& at(std::uint32_t number) const { return *binaries_.at(number); }

 private:
  std::map<std::uint32_t, std::unique_ptr<Binary>> binaries_;  // addresses stay
  std::uint32_t next_ = 0;
};

// The kernel's counters as the model takes them.
[[nodiscard]] std::vector<model::CounterRow> rows_of(
    const std::vector<kernel::CounterRow>& counters);

// Types and stacks of traced binaries, each looked up once. Borrows both.
class TraceResolver final : public model::Resolver {
 public:
  TraceResolver(const BinaryTable* binaries, const kernel::Tracer* tracer,
                symbol::RuntimeFrames runtime_frames = symbol::RuntimeFrames::kFold)
      : binaries_(binaries), tracer_(tracer), runtime_frames_(runtime_frames) {}

  const model::TypeInfo& type(std::uint32_t binary, std::uint32_t pid,
                              std::uint64_t address) override;
  const model::Stack& stack(std::uint32_t binary, std::uint64_t id) override;
  bool is_ready(std::uint32_t binary, std::uint32_t pid, const gm_counter_key& key) override;

  // From now until it is called again, at most this long is waited for all answers together;
  // what is not there by then is unknown until it is asked for again. Without it, all
  // answers are waited for.
  void wait_at_most(std::chrono::nanoseconds in_all) { left_ = in_all; }

  // Drops what was looked up for a binary, or of types that a process made; the
  // references that were returned die with it.
  void forget_binary(std::uint32_t binary);
  void forget_process(std::uint32_t pid);

 private:
  using Clock = std::chrono::steady_clock;
  struct TypeKey {
    std::uint32_t binary;
    std::uint32_t pid;  // 0: a type of the executable itself
    std::uint64_t type;
    friend auto operator<=>(const TypeKey&, const TypeKey&) = default;
  };
  struct StackKey {
    std::uint32_t binary;
    std::uint64_t id;
    friend auto operator<=>(const StackKey&, const StackKey&) = default;
  };

  // So long a reader may take, question for question, until something stays unknown.
  static constexpr std::chrono::seconds kPatience{10};
  static constexpr std::chrono::milliseconds kLongestWait{20};  // of one call, if it is hasty

  // Null: it is being asked for.
  const model::TypeInfo* find_type(std::uint32_t binary, std::uint32_t pid, std::uint64_t address);
  const model::Stack* find_stack(std::uint32_t binary, std::uint64_t id);
  template <typename Ask>
  auto ask(const Binary& binary, const Ask& question);
  template <typename Key>
  bool is_waited_for(const Binary& binary, std::map<Key, Clock::time_point>& since, const Key& key);

  const BinaryTable* binaries_;
  const kernel::Tracer* tracer_;
  symbol::RuntimeFrames runtime_frames_;
  std::optional<std::chrono::nanoseconds> left_;
  std::map<TypeKey, Clock::time_point> types_wanted_;  // since when; not there yet
  std::map<StackKey, Clock::time_point> stacks_wanted_;
  std::map<TypeKey, model::TypeInfo> types_;
  std::map<StackKey, model::Stack> stacks_;
};

}  // namespace gomapd::app
