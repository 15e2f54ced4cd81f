// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
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
  TraceResolver(const BinaryTable* binaries, const kernel::Tracer* tracer)
      : binaries_(binaries), tracer_(tracer) {}

  const model::TypeInfo& type(std::uint32_t binary, std::uint32_t pid, std::uint64_t bias,
                              std::uint64_t address) override;
  const model::Stack& stack(std::uint32_t binary, std::uint64_t id) override;

 private:
  struct Key {
    std::uint32_t binary;
    std::uint64_t value;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return (key.value ^ key.binary) * 0x9e3779b97f4a7c15ULL;
    }
  };

  const BinaryTable* binaries_;
  const kernel::Tracer* tracer_;
  std::unordered_map<Key, model::TypeInfo, Hash> types_;
  std::unordered_map<Key, model::Stack, Hash> stacks_;
};

}  // namespace gomapd::app
