// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/inspect_text.h"

#include <fmt/core.h>

#include "daemon/export/terminal.h"

namespace gomapd::exporter {
namespace {

std::string_view or_unknown(std::string_view text) {
  return text.empty() ? "unknown" : text;
}

std::string_view machine_name(elf::Machine machine) {
  switch (machine) {
    case elf::Machine::kAmd64: return "amd64";
    case elf::Machine::kArm64: return "arm64";
    case elf::Machine::kOther: break;
  }
  return "other";
}

// "runtime.mapassign (inlined runtime.hashGrow)"
std::string function_name(const ProbeSite& site) {
  return site.inlined.empty() ? site.function
                              : fmt::format("{} (inlined {})", site.function, site.inlined);
}

}  // namespace

std::string inspect_text(const std::string& path, const Plan& plan) {
  std::string text;
  const auto line = [&](std::string_view name, std::string_view value) {
    text += fmt::format("{:<12}{}\n", name, value);
  };
  line("path", escape(path));
  line("go version", escape(or_unknown(plan.build_info.version)));
  if (plan.version_assumed)
    line("rules",
         fmt::format("{}'s are assumed: the newest known, and all that matters was found in the "
                     "binary to be so",
                     rules_name(plan.version)));
  line("maps", plan.design ? to_string(*plan.design) : "unknown");
  line("machine", machine_name(plan.machine));
  line("build", fmt::format("{}, {}, {}", plan.is_pie ? "position independent" : "fixed address",
                            plan.has_symbol_table ? "with symbols" : "stripped",
                            plan.has_dwarf ? "with DWARF" : "no DWARF"));
  line("build id", escape(or_unknown(plan.build_id)));
  line("functions", fmt::format("{} in pclntab", human_count(plan.function_count)));
  if (const auto refusal = plan.trace_refusal(); !refusal.empty())
    line("tracing", "not possible: " + escape(refusal));
  if (!plan.refusal.empty()) return text;
  if (!plan.buckets_refusal.empty())
    line("buckets", "growth level only: " + escape(plan.buckets_refusal));
  if (!plan.assign_refusal.empty()) line("assign", "not possible: " + escape(plan.assign_refusal));
  text += fmt::format("\n{:<14}{:<18}{:<11}{:<22}{}\n", "ROLE", "ADDRESS", "KERNEL", "INSTRUCTION",
                      "FUNCTION");
  for (const auto& site : plan.sites)
    text += fmt::format("{:<14}{:<18}{:<11}{:<22}{}\n", to_string(site.role),
                        fmt::format("{:#x}", site.address), site.emulated ? "emulates" : "steps",
                        escape(site.instruction), escape(function_name(site)));
  return text;
}

}  // namespace gomapd::exporter
