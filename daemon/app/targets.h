// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/kernel/tracer.h"
#include "daemon/model/trace.h"
#include "daemon/proc/file.h"
#include "probes/plan/plan.h"

namespace gomapd::app {

// A Go executable with its file; the plan borrows the file's bytes.
struct Binary {
  proc::MappedFile file;
  GoBinary plan;
};

// The binaries that are traced, each analysed once, whoever runs it.
class BinaryTable {
 public:
  // The number of `file`'s binary. An error when it is no Go program that can
  // be traced; `name` is what it says then.
  [[nodiscard]] Result<std::uint32_t> add(proc::MappedFile file, const std::string& name);

  [[nodiscard]] const Binary& at(std::uint32_t index) const { return *binaries_.at(index); }
  [[nodiscard]] std::size_t size() const { return binaries_.size(); }

 private:
  std::vector<std::unique_ptr<Binary>> binaries_;  // addresses stay
};

// Types and stacks of traced binaries, each looked up once. Borrows both.
class TraceResolver final : public model::Resolver {
 public:
  TraceResolver(const BinaryTable* binaries, const kernel::Tracer* tracer,
                symbol::RuntimeFrames runtime_frames = symbol::RuntimeFrames::kFold)
      : binaries_(binaries), tracer_(tracer), runtime_frames_(runtime_frames) {}

  const model::TypeInfo& type(std::uint32_t binary, std::uint32_t pid,
                              std::uint64_t address) override;
  const model::Stack& stack(std::uint32_t binary, std::uint64_t id) override;

 private:
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

  const BinaryTable* binaries_;
  const kernel::Tracer* tracer_;
  symbol::RuntimeFrames runtime_frames_;
  std::map<TypeKey, model::TypeInfo> types_;
  std::map<StackKey, model::Stack> stacks_;
};

}  // namespace gomapd::app
