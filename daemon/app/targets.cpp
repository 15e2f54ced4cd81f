// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/targets.h"

#include <algorithm>
#include <cstring>

#include "daemon/proc/memory.h"

namespace gomapd::app {
namespace {

// From the file; else, for types that reflect made at run time, from the
// memory of a process that uses it.
Result<go::GoMapType> read_type(const GoBinary& plan, pid_t pid, std::uint64_t bias,
                                std::uint64_t address) {
  auto from_file = plan.map_type(address);
  if (from_file || pid == 0) return from_file;
  const auto read = [&](go::Vaddr at, std::span<std::byte> out) {
    if (!proc::read_memory(pid, at + bias, out)) return false;
    // Pointers in memory carry the load bias; addresses here do not.
    if (out.size() == sizeof(std::uint64_t)) {
      std::uint64_t pointer = 0;
      std::memcpy(&pointer, out.data(), sizeof(pointer));
      pointer -= bias;
      std::memcpy(out.data(), &pointer, sizeof(pointer));
    }
    return true;
  };
  return go::read_map_type(read, plan.pclntab.moduledata(), plan.type_layout(), address);
}

}  // namespace

Result<std::uint32_t> BinaryTable::add(proc::MappedFile file, const std::string& name) {
  const auto same = [&](const std::unique_ptr<Binary>& one) {
    return one->file.device() == file.device() && one->file.inode() == file.inode();
  };
  if (const auto found = std::ranges::find_if(binaries_, same); found != binaries_.end())
    return static_cast<std::uint32_t>(found - binaries_.begin());
  auto plan = analyse(file.bytes());
  if (!plan) return add_context(name, plan.error());
  if (!plan->refusal.empty())
    return fail(Errc::kUnsupported, name + ": can't be traced: " + plan->refusal);
  binaries_.push_back(std::make_unique<Binary>(std::move(file), *std::move(plan)));
  return static_cast<std::uint32_t>(binaries_.size() - 1);
}

const model::TypeInfo& TraceResolver::type(std::uint32_t binary, std::uint32_t pid,
                                           std::uint64_t bias, std::uint64_t address) {
  const Key key{binary, address};
  if (const auto found = types_.find(key); found != types_.end()) return found->second;
  model::TypeInfo info;
  if (binary < binaries_->size()) {
    const auto& plan = binaries_->at(binary).plan;
    info.shape.version = plan.version;
    if (address != 0) {
      if (const auto type = read_type(plan, static_cast<pid_t>(pid), bias, address)) {
        info.name = type->name;
        info.shape.unit_bytes = type->unit_bytes;
        info.shape.scan = type->has_pointers ? model::Scan::kPointers : model::Scan::kNoPointers;
      }
    }
  }
  return types_.emplace(key, std::move(info)).first->second;
}

const model::Stack& TraceResolver::stack(std::uint32_t binary, std::uint64_t id) {
  static const model::Stack kUnknown;
  const Key key{binary, id};
  if (const auto found = stacks_.find(key); found != stacks_.end()) return found->second;
  if (binary >= binaries_->size()) return kUnknown;
  const auto stack = tracer_->stack(id);
  if (!stack) return kUnknown;  // may still be being filled: ask again later
  const std::vector<std::uint64_t> pcs(stack->pcs, stack->pcs + stack->count);
  auto frames = symbol::symbolize(binaries_->at(binary).plan.pclntab, pcs);
  return stacks_.emplace(key, std::move(frames)).first->second;
}

}  // namespace gomapd::app
