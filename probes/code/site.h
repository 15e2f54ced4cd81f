// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "probes/code/argument.h"
#include "probes/code/control_flow.h"
#include "probes/code/inlined.h"
#include "probes/code/instruction.h"

namespace gomapd::code {

// How a hit at a site is to be read.
enum class HitRule : std::uint8_t {
  kAlways,  // every hit counts
  // The site is the stack check's own branch: a hit counts only when the saved
  // flags say that the branch will not be taken; a taken one leaves to
  // runtime.morestack and comes back. It is always a jbe or b.ls: not taken when
  // CF and ZF are clear (amd64), when C is set and Z clear (arm64).
  kUnlessBranchTaken,
};

// Where to put a probe in a function. A hit comes before the instruction is
// executed: at a call, before the callee runs.
struct Site {
  Instruction instruction;
  HitRule rule = HitRule::kAlways;
  // The frame pointer (rbp, x29) is already this function's own there. At a start
  // site without it, it is the caller's, and the return address is still in
  // [rsp] (amd64) or x30 (arm64).
  bool frame_linked = false;
  // End sites: calls (the site itself, if it is one) or loops come after the
  // site, so what they do is not over yet when the hit comes.
  bool work_follows = false;
  // Where the growing hmap is: at evacuation-done sites, and at starts inlined
  // into another function. There, where the map's type is, too.
  Location hmap;
  Location type;
};

// The decoded function and its control-flow graph. Borrows nothing. Immutable,
// so any number of threads may read it.
class FunctionCode {
 public:
  [[nodiscard]] static Result<FunctionCode> decode(Bytes body, elf::Vaddr entry,
                                                   elf::Machine machine,
                                                   const NeverReturns& never_returns = {});

  [[nodiscard]] const std::vector<Instruction>& instructions() const { return instructions_; }

  // The first instruction that every call executes exactly once after its stack
  // check has passed and before an argument register is overwritten, emulated
  // if there is such a one: `push rbp` on amd64 from Go 1.21 on, else the check's
  // own branch (with kUnlessBranchTaken), and for a function without a check the
  // first emulated instruction that runs once, its arguments still intact.
  // Falls back to a stepped instruction; kUnsupported when none is safe.
  [[nodiscard]] Result<Site> start_site() const;

  // Every RET where the kernel emulates RETs (arm64). Else the last emulatable
  // instruction that every completed call executes exactly once, after the start
  // site: on every path from entry to a RET, in no loop. Where there is none, or
  // where the copying still comes after it (a loop that calls through a pointer:
  // the key's hash function), every RET (stepped).
  // Paths that never return (panics, throws, morestack's way back to the entry)
  // don't count. See Site::work_follows for what else may come after it.
  [[nodiscard]] Result<std::vector<Site>> end_sites() const;

  // Every RET and every jump out of the function: one of them is executed by
  // every completed call, once, when all its work is done.
  [[nodiscard]] Result<std::vector<Site>> return_sites() const;

  // Where a classic growth ends: the code that clears the sameSizeGrow flag
  // (load byte [h+8], and ~8, store byte [h+8]; go1.15 to go1.25
  // runtime/map.go: advanceEvacuationMark) and an instruction that runs exactly
  // when that code runs, once, with h in a known register; emulated if
  // possible, else the load itself. One before the load is preferred: the flag
  // and nevacuate are still as they were during the growth.
  [[nodiscard]] Result<Site> evacuation_done_site() const;

  // The same in a function into which calls of advanceEvacuationMark were
  // inlined: one site for each of `copies`, which must be all of them.
  [[nodiscard]] Result<std::vector<Site>> evacuation_done_sites(
      const std::vector<InlinedCode>& copies) const;

  // Where hashGrow(t, h) starts that was inlined as `copy` into a function whose
  // own first arguments are t and h: an emulated instruction of the copy that
  // runs exactly when the copy sets h.noverflow to 0, before that and before
  // any other change of what decides the kind of growth, and at which both t
  // and h can be found. kUnsupported when there is none.
  [[nodiscard]] Result<Site> inlined_start_site(const InlinedCode& copy,
                                                const Preserves& preserves) const;

  // What end_sites is for a function, for a call inlined as `copy`: the last
  // emulated instruction of it that every completed call which enters the copy
  // runs exactly once, after the copying. kUnsupported when there is none.
  [[nodiscard]] Result<Site> inlined_end_site(const InlinedCode& copy) const;

  // Every completed call runs exactly one of `instructions` and of the calls to
  // one of `callees`, and that once.
  [[nodiscard]] bool runs_one_of(const std::vector<Offset>& instructions,
                                 const std::vector<elf::Vaddr>& callees) const;

  // Where ABIInternal passes the `index`th argument, at the function's entry.
  [[nodiscard]] Location argument(std::size_t index) const;

  // Where the argument that was at `argument` at the function's entry is at
  // `site`.
  [[nodiscard]] Location find_argument(const Location& argument, const Instruction& site,
                                       const Preserves& preserves) const;

 private:
  FunctionCode() = default;

  // The stack check's last branch, as an index; nothing without a check.
  [[nodiscard]] std::optional<std::uint32_t> check_branch() const;
  [[nodiscard]] Result<Site> start_after_check(std::uint32_t branch) const;
  [[nodiscard]] Result<Site> start_without_check() const;
  [[nodiscard]] Site site_at(std::uint32_t index) const;
  [[nodiscard]] bool emulates_returns() const;
  enum class Work : std::uint8_t { kNone, kCallsOrLoops, kHashingLoop };
  [[nodiscard]] Work work_after(std::uint32_t index) const;
  [[nodiscard]] bool links_frame_after(bool linked, const Instruction& instruction) const;
  void link_frames();
  struct EvacuationDone;
  [[nodiscard]] std::vector<EvacuationDone> find_evacuation_done() const;
  [[nodiscard]] Result<Site> site_for(const EvacuationDone& done) const;
  [[nodiscard]] std::uint32_t index_of(Offset offset) const;
  [[nodiscard]] Result<void> check_steps() const;
  [[nodiscard]] std::string name() const;

  const Architecture* architecture_ = nullptr;
  elf::Vaddr entry_ = 0;
  std::vector<std::byte> body_;
  std::vector<Instruction> instructions_;
  ControlFlow flow_;
  std::vector<bool> frame_linked_;  // before the block's first instruction
};

}  // namespace gomapd::code
