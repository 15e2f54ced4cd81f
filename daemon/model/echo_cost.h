// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

#include "daemon/model/assign.h"

namespace gomapd::model {

// What an echo costs of a hit at a growth's start. The first hit after code of the
// program's own finds less in the CPU's caches than the one that follows it: 0.8 to 0.9 was
// measured of Go 1.19, 1.23 and 1.26 on a virtual machine, by the programs' own time.
inline constexpr double kEchoOfStart = 0.87;

// What a hit costs one program, measured in the program itself: from a hit at a growth's
// start to one at its echo, an instruction or a few further on, passes what one hit takes.
// That needs no comparison of times in which the machine was now fast, now slow. Pure.
class EchoCost {
 public:
  // `before`: what is believed before any echo.
  explicit EchoCost(const ProbeCost& before) : before_(before) {}

  // Of a window: how many echoes followed their start at once, and the time that passed in
  // all of them, without what reading the clock took.
  void add(std::uint64_t echoes, double ns);

  // So far; later windows count more than earlier ones.
  [[nodiscard]] ProbeCost cost() const;
  // Whether the next window should have echoes: for they cost as much as starts do.
  [[nodiscard]] bool wants_echoes();

 private:
  ProbeCost before_;
  double echoes_ = 0;
  double ns_ = 0;
  std::uint32_t since_ = 0;  // windows without
};

}  // namespace gomapd::model
