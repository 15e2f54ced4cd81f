// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <algorithm>
#include <unordered_map>

#include "probes/go/pclntab.h"

// The part of Pclntab that follows inlined calls. As the runtime does it:
// go1.27 src/runtime/symtabinl.go, go1.15 src/runtime/traceback.go.

namespace gomapd::go {
namespace {

// go1.15 to go1.27 src/runtime/symtab.go, src/internal/abi/symtab.go.
constexpr std::uint32_t kPcdataInlTreeIndex = 2;
constexpr std::uint32_t kNoFuncdata = 0xffffffff;  // since go1.18
// Real programs inline some ten levels deep.
constexpr int kMaxDepth = 64;
// Of wanted calls in one function; hostile trees could make millions.
constexpr std::size_t kMaxRanges = 1U << 16U;
// runtime.inlineUnwinder's own bound on a tree's size.
constexpr std::int32_t kMaxTreeIndex = 1 << 20;

}  // namespace

// Offset 0 says that there is no table.
PcValues Pclntab::values(std::uint32_t offset) const {
  const bool none = offset == 0 || offset >= pctab_.size();
  return {none ? Bytes{} : pctab_.subspan(offset), quantum_};
}

PcValues Pclntab::inline_indexes(const Record& record) const {
  if (field(record, fields_.npcdata) <= kPcdataInlTreeIndex) return values(0);
  return values(field(record, fields_.size + kPcdataInlTreeIndex * sizeof(std::uint32_t)));
}

Bytes Pclntab::inline_tree(const Record& record) const {
  const ByteReader records(records_, "pclntab");
  const auto count = records.load<std::uint8_t>(record.offset + fields_.nfuncdata).value_or(0);
  if (count <= fields_.inline_tree) return {};
  auto start = record.offset + fields_.size +
               std::uint64_t{field(record, fields_.npcdata)} * sizeof(std::uint32_t);
  if (fields_.funcdata_is_pointer) {
    // Pointers are aligned. go1.15 src/runtime/symtab.go: funcdata.
    const auto address = records_address_ + start;
    const auto aligned = (address + 7) & ~Vaddr{7};
    const auto tree = image_.pointer_at(aligned + fields_.inline_tree * sizeof(Vaddr));
    return tree && *tree != 0 ? image_.from(*tree).value_or(Bytes{}) : Bytes{};
  }
  start += fields_.inline_tree * sizeof(std::uint32_t);
  const auto offset = records.load<std::uint32_t>(start).value_or(kNoFuncdata);
  if (offset == kNoFuncdata) return {};
  return image_.from(moduledata_.gofunc + offset).value_or(Bytes{});
}

std::optional<Pclntab::InlinedCall> Pclntab::inlined_call(const Record& record, Bytes bytes,
                                                          std::int32_t index) const {
  if (index < 0 || index >= kMaxTreeIndex) return std::nullopt;
  const ByteReader tree(bytes, "inline tree");
  const auto call = static_cast<std::uint64_t>(index) * fields_.call_size;
  const auto name = tree.load<std::uint32_t>(call + fields_.call_name);
  const auto parent_pc = tree.load<std::uint32_t>(call + fields_.call_parent_pc);
  if (!name || !parent_pc || *parent_pc >= record.size) return std::nullopt;
  const auto func_id = tree.load<std::uint8_t>(call + fields_.call_func_id).value_or(0);
  return InlinedCall{text_at(names_, *name), *parent_pc, func_id};
}

SourceFrame Pclntab::source_at(const Record& record, std::uint64_t offset) const {
  SourceFrame frame;
  const auto file = pc_value_at(values(field(record, fields_.pcfile)), offset);
  const auto line = pc_value_at(values(field(record, fields_.pcln)), offset);
  if (file < 0 || line < 0) return frame;
  frame.line = line;
  auto number = static_cast<std::uint64_t>(file);
  if (fields_.cu_offset == 0) {
    const ByteReader files(files_, "files");
    frame.file = text_at(names_, files.load<std::uint32_t>(number * 4).value_or(kNoFuncdata));
    return frame;
  }
  number += field(record, fields_.cu_offset);
  const ByteReader cutab(cutab_, "cutab");
  frame.file = text_at(files_, cutab.load<std::uint32_t>(number * 4).value_or(kNoFuncdata));
  return frame;
}

std::vector<SourceFrame> Pclntab::frames_at(Vaddr pc) const {
  std::vector<SourceFrame> frames;
  const auto function = function_at(pc);
  if (!function) return frames;
  const auto record = record_of(function->index);
  const auto indexes = inline_indexes(record);
  const auto tree = inline_tree(record);
  auto offset = pc - record.entry;
  auto child = kMaxTreeIndex;
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    const auto index = pc_value_at(indexes, offset);
    const auto call = inlined_call(record, tree, index);
    // Parents come before their children in the tree. Where all code of an
    // init function was evaluated statically, calls name themselves as parent.
    // go1.27 src/cmd/internal/obj/pcln.go: addBranch
    if (!call || index >= child) break;
    child = index;
    auto& frame = frames.emplace_back(source_at(record, offset));
    frame.function = call->callee;
    frame.inlined = true;
    frame.wrapper = wrapper_id_ != 0 && call->func_id == wrapper_id_;
    offset = call->parent_pc;
  }
  auto& real = frames.emplace_back(source_at(record, offset));
  real.function = function->name;
  real.wrapper = wrapper_id_ != 0 && func_id(record) == wrapper_id_;
  return frames;
}

namespace {

struct IndexRange {
  std::uint64_t begin;
  std::uint64_t end;
  std::int32_t index;
};

std::int32_t index_at(const std::vector<IndexRange>& ranges, std::uint64_t offset) {
  const auto found = std::ranges::upper_bound(ranges, offset, {}, &IndexRange::end);
  return found == ranges.end() ? -1 : found->index;
}

}  // namespace

// Nearly no function does: so that those cost no more than reading their trees.
bool Pclntab::inlines_any(const Record& record, Bytes tree,
                          const std::function<bool(std::string_view)>& wanted) const {
  std::int32_t last = -1;
  for (auto indexes = inline_indexes(record); indexes.next() && indexes.begin() < record.size;)
    last = std::max(last, indexes.value());
  const auto within = std::min<std::uint64_t>(tree.size() / fields_.call_size, kMaxTreeIndex);
  last = std::min(last, static_cast<std::int32_t>(within) - 1);
  for (std::int32_t index = 0; index <= last; ++index) {
    const auto call = inlined_call(record, tree, index);
    if (call && wanted(call->callee)) return true;
  }
  return false;
}

std::vector<InlinedRange> Pclntab::inlined_in(
    const Function& caller, const std::function<bool(std::string_view)>& wanted) const {
  const auto record = record_of(caller.index);
  const auto tree = inline_tree(record);
  if (tree.empty() || !inlines_any(record, tree, wanted)) return {};
  std::vector<IndexRange> ranges;
  for (auto indexes = inline_indexes(record); indexes.next() && indexes.begin() < record.size;)
    ranges.push_back({indexes.begin(), indexes.end(), indexes.value()});

  struct Call {
    std::string_view callee;
    std::int32_t parent = -1;
    bool wanted = false;
    std::size_t last = SIZE_MAX;  // this call's last range in `found`
  };
  std::unordered_map<std::int32_t, Call> calls;
  const auto call_at = [&](std::int32_t index) -> Call& {
    const auto [entry, is_new] = calls.try_emplace(index);
    if (!is_new) return entry->second;
    const auto call = inlined_call(record, tree, index);
    if (!call) return entry->second;
    entry->second = {call->callee, index_at(ranges, call->parent_pc), wanted(call->callee)};
    if (entry->second.parent >= index) entry->second.parent = -1;
    return entry->second;
  };

  std::vector<InlinedRange> found;
  for (const auto& range : ranges) {
    auto index = range.index;
    // A call's code includes that of the calls inlined into it.
    for (int depth = 0; depth < kMaxDepth && index >= 0; ++depth) {
      auto& call = call_at(index);
      const auto begin = record.entry + range.begin;
      const auto end = record.entry + std::min(range.end, record.size);
      if (call.wanted && call.last < found.size() && found[call.last].end == begin) {
        found[call.last].end = end;
      } else if (call.wanted) {
        if (found.size() == kMaxRanges) return found;
        call.last = found.size();
        found.push_back({caller, call.callee, begin, end, index});
      }
      index = call.parent;
    }
  }
  return found;
}

}  // namespace gomapd::go
