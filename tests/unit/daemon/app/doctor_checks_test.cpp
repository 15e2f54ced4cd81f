// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/doctor_checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace gomapd::app {
namespace {

using exporter::Verdict;

// A host that has all.
kernel::HostFacts good_host() {
  kernel::HostFacts facts;
  facts.release = "6.18.1";
  facts.version = {6, 18};
  facts.architecture = "amd64";
  facts.sys_admin = facts.bpf = facts.perfmon = facts.sys_ptrace = true;
  facts.dac_read_search = facts.btf = facts.uprobe_multi = facts.perf_uprobes = true;
  facts.ring_buffer = facts.cookies = true;
  facts.jit = 1;
  facts.open_files = 1U << 20U;
  facts.emulated = {.ns = 700, .error_ns = 70, .measured = true};
  facts.stepped = {.ns = 12000, .error_ns = 1200, .measured = true};
  return facts;
}

exporter::DoctorCheck find(const exporter::DoctorReport& report, const std::string& name) {
  const auto found = std::ranges::find(report.checks, name, &exporter::DoctorCheck::name);
  EXPECT_NE(found, report.checks.end()) << name;
  return found == report.checks.end() ? exporter::DoctorCheck{} : *found;
}

TEST(Doctor, FindsNothingWrongWithAGoodHost) {
  const auto report = examine(good_host());
  EXPECT_TRUE(report.can_trace());
  EXPECT_TRUE(report.is_measured);
  for (const auto& check : report.checks) {
    EXPECT_EQ(check.verdict, Verdict::kOk) << check.name;
    EXPECT_TRUE(check.remedy.empty()) << check.name;
    EXPECT_FALSE(check.detail.empty()) << check.name;
  }
}

// Whatever is not right comes with what to do about it, or with why it is not known.
void expect_remedies(const exporter::DoctorReport& report) {
  for (const auto& check : report.checks) {
    if (check.verdict == Verdict::kFail) {
      EXPECT_FALSE(check.remedy.empty()) << check.name;
    }
  }
}

TEST(Doctor, KnowsWhatOlderKernelsLack) {
  auto facts = good_host();
  facts.version = {6, 1};  // Debian 12
  facts.uprobe_multi = false;
  auto report = examine(facts);
  EXPECT_TRUE(report.can_trace());
  EXPECT_EQ(find(report, "uprobes").verdict, Verdict::kNote);
  EXPECT_EQ(find(report, "many_cpus").verdict, Verdict::kNote);
  facts.sys_admin = false;
  EXPECT_NE(find(examine(facts), "uprobes").detail.find("CVE-2025-38466"), std::string::npos);

  facts = good_host();
  facts.version = {6, 8};  // Ubuntu 24.04
  EXPECT_NE(find(examine(facts), "uprobes").detail.find("6.10"), std::string::npos);

  facts.version = {5, 10};
  facts.cookies = facts.uprobe_multi = false;
  report = examine(facts);
  EXPECT_TRUE(report.can_trace());
  EXPECT_EQ(find(report, "kernel").verdict, Verdict::kOk);
  EXPECT_EQ(find(report, "cookies").verdict, Verdict::kNote);
  expect_remedies(report);
  facts.version = {5, 7};
  report = examine(facts);
  EXPECT_FALSE(report.can_trace());
  EXPECT_EQ(find(report, "kernel").verdict, Verdict::kFail);
}

TEST(Doctor, SaysWhatIsMissing) {
  const auto check = [](auto change, const std::string& name) {
    auto facts = good_host();
    change(facts);
    const auto report = examine(facts);
    expect_remedies(report);
    return std::pair(find(report, name).verdict, report.can_trace());
  };
  using Facts = kernel::HostFacts;
  const std::pair fails(Verdict::kFail, false);
  const std::pair notes(Verdict::kNote, true);
  EXPECT_EQ(check([](Facts& f) { f.btf = false; }, "btf"), fails);
  EXPECT_EQ(check([](Facts& f) { f.ring_buffer = false; }, "ring_buffer"), fails);
  EXPECT_EQ(check([](Facts& f) { f.uprobe_multi = f.perf_uprobes = false; }, "uprobes"), fails);
  EXPECT_EQ(check([](Facts& f) { f.not_measured_why = "x"; }, "probe_hit"), fails);
  EXPECT_EQ(check([](Facts& f) { f.jit = 0; }, "jit"), notes);
  EXPECT_EQ(check([](Facts& f) { f.lockdown = "confidentiality"; }, "lockdown"), notes);
  EXPECT_EQ(check([](Facts& f) { f.own_pid_namespace = true; }, "processes"), notes);
  EXPECT_EQ(check([](Facts& f) { f.sys_ptrace = false; }, "memory"), notes);
  EXPECT_EQ(check([](Facts& f) { f.open_files = 1024; }, "open_files"), notes);
}

// Without permission most can't be tried: only that is wrong.
TEST(Doctor, BlamesTheKernelForNothingThatItMayNotTry) {
  kernel::HostFacts facts;
  facts.version = {6, 18};
  facts.architecture = "amd64";
  facts.btf = facts.perf_uprobes = true;
  facts.open_files = 1U << 20U;
  facts.not_measured_why = "no permission";
  const auto report = examine(facts);
  for (const auto& check : report.checks)
    EXPECT_EQ(check.verdict == Verdict::kFail, check.name == "permission") << check.name;
  EXPECT_FALSE(report.can_trace());
  facts.bpf = facts.perfmon = true;
  EXPECT_EQ(find(examine(facts), "permission").verdict, Verdict::kOk);
}

TEST(Doctor, TellsProgramsAndPeople) {
  auto facts = good_host();
  facts.release = "6.18\x1b[31m";
  facts.jit = 0;
  const auto report = examine(facts);
  const auto json = nlohmann::json::parse(exporter::doctor_json(report));
  EXPECT_EQ(json["checks"].size(), report.checks.size());
  EXPECT_EQ(json["checks"][0]["ok"], true);
  EXPECT_EQ(json["hit_ns"]["emulated"], 700);
  EXPECT_EQ(json["hit_ns"]["stepped"], 12000);
  EXPECT_EQ(json["can_trace"], true);
  const auto text = exporter::doctor_text(report, 60);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("bpf_jit_enable=1"), std::string::npos);
  EXPECT_NE(text.find("700 ns"), std::string::npos);
}

}  // namespace
}  // namespace gomapd::app
