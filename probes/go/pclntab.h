// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "probes/elf/image.h"
#include "probes/go/moduledata.h"
#include "probes/go/pc_value.h"
#include "probes/go/pclntab_layout.h"

namespace gomapd::go {

// One function of the binary. `name` borrows from the file and is cut after
// 4096 bytes.
struct Function {
  std::uint32_t index = 0;  // in the function table
  Vaddr entry = 0;
  Vaddr end = 0;  // the next function's entry: padding may be included
  std::string_view name;
};

// A line of source that a program counter belongs to, innermost first when
// calls were inlined. The strings borrow from the file.
struct SourceFrame {
  std::string_view function;
  std::string_view file;
  std::int32_t line = 0;
  bool inlined = false;  // has no frame of its own: the next frame contains it
  // Made by the compiler (method wrappers, go and defer statements): Go's own
  // tracebacks leave it out unless it panics.
  bool wrapper = false;
};

// A call that the compiler inlined: `callee`'s body occupies [begin, end) of
// `caller` (several ranges for one call are several entries).
struct InlinedRange {
  Function caller;
  std::string_view callee;
  Vaddr begin = 0;
  Vaddr end = 0;
  std::int32_t tree_index = 0;  // the same for all ranges of one inlined call
};

// Go's table of functions, files, lines and inlining, which every Go binary
// carries, stripped or not. Borrows the file's bytes, not the image. Tables
// are searched in place: nothing is copied or kept for a function. Lookups
// never fail and are safe from several threads; where a function's own records
// are damaged, names and files are empty and inlined frames are missing.
class Pclntab {
 public:
  // Finds the table by section name or, where there is none, by its bytes in
  // the program headers' segments; validates header, function table (sorted,
  // within the executable segments) and every name's bounds before it returns.
  // kNotGo when the image holds none; kMalformed when it holds a damaged one.
  [[nodiscard]] static Result<Pclntab> find(const elf::Image& image);

  [[nodiscard]] PclntabLayout layout() const { return layout_; }
  [[nodiscard]] const Moduledata& moduledata() const { return moduledata_; }
  [[nodiscard]] std::uint32_t function_count() const { return function_count_; }
  // runtime.text, from moduledata where the header does not say it.
  [[nodiscard]] Vaddr text_start() const { return text_start_; }

  [[nodiscard]] Function function(std::uint32_t index) const;  // index < function_count()
  // The function that `pc` lies in (binary search).
  [[nodiscard]] std::optional<Function> function_at(Vaddr pc) const;
  // Calls `visit` for each function in address order.
  void for_each(const std::function<void(const Function&)>& visit) const;

  // The frames at `pc`, innermost (inlined) first, the real function last;
  // empty when `pc` is in no function. For a return address pass pc - 1.
  [[nodiscard]] std::vector<SourceFrame> frames_at(Vaddr pc) const;

  // Where calls to functions whose name `wanted` accepts were inlined into
  // `caller`.
  [[nodiscard]] std::vector<InlinedRange> inlined_in(
      const Function& caller, const std::function<bool(std::string_view)>& wanted) const;

 private:
  // A function's record and what is read from it.
  struct Record {
    std::uint64_t offset = 0;  // in records_
    std::uint64_t size = 0;    // bytes of the function's code
    Vaddr entry = 0;
  };
  // A call in a function's inline tree.
  struct InlinedCall {
    std::string_view callee;
    std::uint64_t parent_pc = 0;  // from the entry
    std::uint8_t func_id = 0;
  };

  Pclntab(const elf::Image& image, const PclntabHeader& header, const Module& module);
  [[nodiscard]] static Result<Pclntab> at(const elf::Image& image, Vaddr address);
  [[nodiscard]] Result<void> check_functions(const Module& module);

  // pclntab.cpp
  [[nodiscard]] Bytes part(std::uint64_t offset, std::uint64_t size) const;
  [[nodiscard]] std::uint64_t functab_word(std::uint64_t index) const;
  [[nodiscard]] Vaddr entry_of(std::uint64_t index) const;  // index <= function_count()
  [[nodiscard]] std::string_view text_at(Bytes table, std::uint64_t offset) const;
  [[nodiscard]] std::uint32_t field(const Record& record, std::uint64_t offset) const;
  [[nodiscard]] std::uint8_t func_id(const Record& record) const;
  [[nodiscard]] Record record_of(std::uint32_t index) const;

  // inline_tree.cpp
  [[nodiscard]] PcValues values(std::uint32_t offset) const;
  [[nodiscard]] PcValues inline_indexes(const Record& record) const;
  [[nodiscard]] Bytes inline_tree(const Record& record) const;
  [[nodiscard]] std::optional<InlinedCall> inlined_call(const Record& record, Bytes tree,
                                                        std::int32_t index) const;
  [[nodiscard]] bool inlines_any(const Record& record, Bytes tree,
                                 const std::function<bool(std::string_view)>& wanted) const;
  [[nodiscard]] SourceFrame source_at(const Record& record, std::uint64_t offset) const;

  elf::Image image_;  // a copy: shares the file's bytes
  PclntabLayout layout_ = PclntabLayout::kGo12;
  RecordLayout fields_ = {};
  Moduledata moduledata_;
  Vaddr address_ = 0;
  Vaddr functab_address_ = 0;
  Vaddr records_address_ = 0;
  Vaddr text_start_ = 0;
  std::uint32_t function_count_ = 0;
  std::uint8_t quantum_ = 1;
  std::uint8_t wrapper_id_ = 0;  // abi.FuncIDWrapper of this release; 0: not known
  // The words of functab_ are in the relocations, not in the file (lld).
  bool functab_is_relocated_ = false;
  Bytes functab_;
  Bytes names_;
  Bytes cutab_;
  Bytes files_;
  Bytes pctab_;
  Bytes records_;
};

}  // namespace gomapd::go
