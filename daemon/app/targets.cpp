// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/targets.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "daemon/proc/memory.h"

namespace gomapd::app {
namespace {

// The memory of a process as far as a type record needs it: what the executable
// holds, what the probes kept, and the process itself while it lives.
class TypeMemory {
 public:
  TypeMemory(analyst::Analyst* analyst, pid_t pid, std::uint64_t type, const gm_type& kept)
      : analyst_(analyst),
        pid_(pid),
        bias_(kept.bias),
        pieces_{{{type, std::as_bytes(std::span(kept.record))},
                 {kept.unit - kept.bias, std::as_bytes(std::span(kept.unit_record))},
                 {kept.key - kept.bias, std::as_bytes(std::span(kept.key_record))},
                 {kept.elem - kept.bias, std::as_bytes(std::span(kept.elem_record))}}} {}

  [[nodiscard]] bool read(go::Vaddr address, std::span<std::byte> out, go::Content content) const {
    if (analyst_->read_file(address, out, content)) return true;
    if (!read_piece(address, out) && !proc::read_memory(pid_, address + bias_, out)) return false;
    if (content == go::Content::kPointer) take_bias_off(out);
    return true;
  }

 private:
  struct Piece {
    go::Vaddr address;
    Bytes bytes;
  };

  [[nodiscard]] bool read_piece(go::Vaddr address, std::span<std::byte> out) const {
    for (const auto& piece : pieces_) {
      const auto bytes =
          ByteReader(piece.bytes, "kept type").sub(address - piece.address, out.size());
      if (!bytes) continue;
      std::ranges::copy(*bytes, out.begin());
      return true;
    }
    return false;
  }

  void take_bias_off(std::span<std::byte> out) const {
    std::uint64_t pointer = 0;
    if (out.size() != sizeof(pointer)) return;
    std::memcpy(&pointer, out.data(), sizeof(pointer));
    pointer -= bias_;
    std::memcpy(out.data(), &pointer, sizeof(pointer));
  }

  analyst::Analyst* analyst_;
  pid_t pid_;
  std::uint64_t bias_;
  std::array<Piece, 4> pieces_;
};

bool is_linked(const Plan& plan, std::uint64_t type) {
  const auto& moduledata = plan.moduledata;
  return type >= moduledata.types && type < moduledata.etypes;
}

model::TypeInfo describe(const Plan& plan, const Result<go::GoMapType>& type) {
  model::TypeInfo info;
  info.shape.version = plan.version;
  if (!type) return info;
  info.name = type->name;
  info.shape.unit_bytes = type->unit_bytes;
  info.shape.scan = type->has_pointers ? model::Scan::kPointers : model::Scan::kNoPointers;
  return info;
}

std::unexpected<Error> unknown_type(const char* why) {
  return fail(Errc::kGone, why);
}

}  // namespace

Result<std::unique_ptr<Binary>> analyse_binary(analyst::Workshop& workshop, proc::File file,
                                               const std::string& name) {
  auto binary = std::make_unique<Binary>(&workshop, std::move(file), name);
  auto plan = binary->expert.plan();
  if (!plan) return add_context(name, plan.error());
  if (const auto refusal = plan->trace_refusal(); !refusal.empty())
    return fail(Errc::kUnsupported, name + ": can't be traced: " + refusal);
  binary->plan = *std::move(plan);
  return binary;
}

Result<std::uint32_t> BinaryTable::add(analyst::Workshop& workshop, proc::File file,
                                       const std::string& name) {
  for (const auto& [number, binary] : binaries_)
    if (binary->file.id() == file.id()) return number;
  return add(TRY(analyse_binary(workshop, std::move(file), name)));
}

analyst::Analyst& BinaryTable::analyst_of(const Binary& binary) const {
  if (binary.expert.is_running()) return binary.expert;
  std::size_t running = 0;
  const Binary* longest_ago = nullptr;
  for (const auto& [number, other] : binaries_) {
    if (!other->expert.is_running()) continue;
    ++running;
    if (longest_ago == nullptr || other->expert.asked() < longest_ago->expert.asked())
      longest_ago = other.get();
  }
  if (running >= kMaxReaders) longest_ago->expert.rest();
  return binary.expert;
}

std::vector<std::string> BinaryTable::rest_readers() const {
  constexpr std::chrono::seconds kUnasked{3};
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::string> failures;
  for (const auto& [number, binary] : binaries_) {
    auto& analyst = binary->expert;
    if (analyst.is_running() && now - analyst.asked() > kUnasked) analyst.rest();
    if (auto failure = analyst.take_failure()) failures.push_back(binary->name + ": " + *failure);
  }
  return failures;
}

std::uint32_t BinaryTable::add(std::unique_ptr<Binary> binary) {
  binaries_.emplace(next_, std::move(binary));
  return next_++;
}

const Binary* BinaryTable::find(std::uint32_t number) const {
  const auto found = binaries_.find(number);
  return found == binaries_.end() ? nullptr : found->second.get();
}

std::vector<model::CounterRow> rows_of(const std::vector<kernel::CounterRow>& counters) {
  std::vector<model::CounterRow> rows;
  rows.reserve(counters.size());
  for (const auto& [key, value] : counters) rows.push_back({key, value});
  return rows;
}

const model::TypeInfo& TraceResolver::type(std::uint32_t binary, std::uint32_t pid,
                                           std::uint64_t address) {
  static const model::TypeInfo kUnknown;
  const auto* found = find_type(binary, pid, address);
  return found == nullptr ? kUnknown : *found;
}

const model::Stack& TraceResolver::stack(std::uint32_t binary, std::uint64_t id) {
  static const model::Stack kUnknown;
  const auto* found = find_stack(binary, id);
  return found == nullptr ? kUnknown : *found;
}

// Both are asked for, whatever becomes of the first.
bool TraceResolver::is_ready(std::uint32_t binary, std::uint32_t pid, const gm_counter_key& key) {
  const bool has_stack = find_stack(binary, key.stack) != nullptr;
  const bool has_type = find_type(binary, pid, key.type) != nullptr;
  return has_stack && has_type;
}

// What `question` is answered by the reader of `binary`.
template <typename Ask>
auto TraceResolver::ask(const Binary& binary, const Ask& question) {
  auto& analyst = binaries_->analyst_of(binary);
  if (!left_) return question(analyst);
  analyst.wait_no_longer_than(
      std::min(kLongestWait, std::chrono::ceil<std::chrono::milliseconds>(*left_)));
  const auto begun = Clock::now();
  auto answer = question(analyst);
  left_ = std::max(std::chrono::nanoseconds(0), *left_ - (Clock::now() - begun));
  return answer;
}

// Whether the answer about `key` is still to come. A reader that answers every question, and
// each so late that none gets on, is not waited for any longer.
template <typename Key>
bool TraceResolver::is_waited_for(const Binary& binary, std::map<Key, Clock::time_point>& since,
                                  const Key& key) {
  if (binary.expert.is_waiting()) {
    const auto wanted = since.try_emplace(key, Clock::now()).first->second;
    if (Clock::now() - wanted < kPatience) return true;
  }
  since.erase(key);
  return false;
}

const model::TypeInfo* TraceResolver::find_type(std::uint32_t binary, std::uint32_t pid,
                                                std::uint64_t address) {
  static const model::TypeInfo kUnknown;
  const auto* traced = binaries_->find(binary);
  if (traced == nullptr) return &kUnknown;
  const auto& plan = traced->plan;
  const bool linked = is_linked(plan, address);
  const TypeKey key{binary, linked ? 0 : pid, address};
  if (const auto found = types_.find(key); found != types_.end()) return &found->second;
  const auto kept = address == 0 || linked ? std::nullopt : tracer_->made_type(pid, address);
  auto type = Result<go::GoMapType>(unknown_type("not kept"));
  if (address != 0 && (linked || kept)) {
    type = ask(*traced, [&](analyst::Analyst& analyst) {
      if (linked) return analyst.map_type(address, plan.type_layout());
      const TypeMemory memory(&analyst, static_cast<pid_t>(pid), address, *kept);
      const auto read = [&](go::Vaddr at, std::span<std::byte> out, go::Content content) {
        return memory.read(at, out, content) && !analyst.is_waiting();
      };
      return go::read_map_type(read, plan.moduledata, plan.type_layout(), address);
    });
    if (is_waited_for(*traced, types_wanted_, key)) return nullptr;
  }
  return &types_.emplace(key, describe(plan, type)).first->second;
}

const model::Stack* TraceResolver::find_stack(std::uint32_t binary, std::uint64_t id) {
  static const model::Stack kUnknown;
  const StackKey key{binary, id};
  if (const auto found = stacks_.find(key); found != stacks_.end()) return &found->second;
  const auto* traced = binaries_->find(binary);
  if (traced == nullptr) return &kUnknown;
  const auto stack = tracer_->stack(id);
  if (!stack) return &kUnknown;  // may still be being filled: ask again later
  const std::vector<std::uint64_t> pcs(stack->pcs, stack->pcs + stack->count);
  auto frames = ask(
      *traced, [&](analyst::Analyst& analyst) { return analyst.symbolize(pcs, runtime_frames_); });
  if (is_waited_for(*traced, stacks_wanted_, key)) return nullptr;
  if (stack->truncated != 0 && !frames.empty()) frames.back().callers_missing = true;
  return &stacks_.emplace(key, std::move(frames)).first->second;
}

void TraceResolver::forget_binary(std::uint32_t binary) {
  std::erase_if(types_, [&](const auto& one) { return one.first.binary == binary; });
  std::erase_if(stacks_, [&](const auto& one) { return one.first.binary == binary; });
  std::erase_if(types_wanted_, [&](const auto& one) { return one.first.binary == binary; });
  std::erase_if(stacks_wanted_, [&](const auto& one) { return one.first.binary == binary; });
}

void TraceResolver::forget_process(std::uint32_t pid) {
  std::erase_if(types_, [&](const auto& one) { return one.first.pid == pid; });
  std::erase_if(types_wanted_, [&](const auto& one) { return one.first.pid == pid; });
}

}  // namespace gomapd::app
