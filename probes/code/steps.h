// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <vector>

#include "probes/code/control_flow.h"

namespace gomapd::code {

// The control-flow graph of single instructions, and which of them must run
// before, after or by turns with another. Borrows nothing. Each question takes
// time linear in the function's size.
class Steps {
 public:
  using Index = Node;  // of an instruction
  // Functions of more instructions are refused by those who ask in a loop.
  static constexpr std::size_t kMaxInstructions = 4096;

  explicit Steps(const ControlFlow& flow);

  // Behind every RET and every jump out of the function.
  [[nodiscard]] Index exit() const { return graph_.size() - 1; }
  // No instruction: what `without` may be.
  [[nodiscard]] Index nothing() const { return graph_.size(); }

  [[nodiscard]] std::span<const Index> next(Index index) const { return graph_.successors(index); }

  // What may run before `without` does for the first time.
  [[nodiscard]] std::vector<bool> from_entry(Index without) const;
  // What may run after `from`, before `without` does; `from` is in it when it
  // may run again.
  [[nodiscard]] std::vector<bool> after(Index from, Index without) const;
  // From where `to` can be reached without running `without`; `to` counts.
  [[nodiscard]] std::vector<bool> leading_to(Index to, Index without) const;

  // Both run equally often and by turns, `first` first, in every call that
  // returns.
  [[nodiscard]] bool alternate(Index first, Index second) const;
  // Every call that returns runs exactly one of `marks`, and that once.
  [[nodiscard]] bool runs_one_of(const std::vector<Index>& marks) const;

 private:
  Graph graph_;
};

}  // namespace gomapd::code
