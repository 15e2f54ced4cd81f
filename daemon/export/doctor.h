// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gomapd::exporter {

enum class Verdict : std::uint8_t {
  kOk,
  kNote,  // works, but not as well as it could, or not everywhere
  kFail,  // nothing can be traced
};

struct DoctorCheck {
  std::string name;  // for programs, too: lower case, with underscores
  Verdict verdict = Verdict::kOk;
  std::string detail;  // what was found and what that means
  std::string remedy;  // what to do about it; empty: nothing
};

// What a hit costs, in ns, give or take one standard error.
struct DoctorHit {
  double ns = 0;
  double error_ns = 0;
};

struct DoctorReport {
  std::vector<DoctorCheck> checks;
  DoctorHit emulated;
  DoctorHit stepped;
  bool is_measured = false;  // else the two are what other hosts had

  // No check says that nothing can be traced.
  [[nodiscard]] bool can_trace() const;
};

// `doctor --json`: one object, without a newline.
[[nodiscard]] std::string doctor_json(const DoctorReport& report);
// For people; lines longer than `width` are broken (0: none is).
[[nodiscard]] std::string doctor_text(const DoctorReport& report, std::size_t width);

}  // namespace gomapd::exporter
