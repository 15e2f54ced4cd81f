// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// How large each BPF program may get. A hit's cost goes with what is executed, and
// that a program has become larger is seen here before it is felt by whoever is
// traced. Who needs more raises the row, and says in the commit what it costs.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "assign.skel.h"
#include "daemon/kernel/attach.h"
#include "daemon/kernel/features.h"
#include "gomapd.skel.h"
#include "process.skel.h"
#include "sample.skel.h"

namespace gomapd::kernel {
namespace {

struct Size {
  std::uint32_t translated = 0;  // instructions that the kernel runs or compiles
  std::uint32_t verified = 0;    // instructions that its verifier walked, on all paths
};

// Of clang 14's programs there is about a tenth left of the first, on Linux 6.18, and a
// quarter or more of the second, on Linux 6.1, whose verifier prunes least of all that
// scripts/kernels_test.sh boots: twice as much is walked there as on 6.18.
const std::map<std::string_view, Size> kBudgets{
    {"gm_classic_start", {.translated = 1320, .verified = 27000}},
    {"gm_classic_end", {.translated = 850, .verified = 3500}},
    {"gm_classic_evacuate", {.translated = 850, .verified = 2200}},
    {"gm_to_table_start", {.translated = 1150, .verified = 58000}},
    {"gm_rehash_start", {.translated = 1220, .verified = 58000}},
    {"gm_swiss_end", {.translated = 720, .verified = 2600}},
    {"gm_prune_start", {.translated = 870, .verified = 27000}},
    {"gm_prune_end", {.translated = 550, .verified = 750}},
    {"gm_assigned", {.translated = 710, .verified = 1550}},
    {"gm_growth_sampled", {.translated = 1130, .verified = 23000}},
    {"gm_fork", {.translated = 70, .verified = 100}},
    {"gm_exec", {.translated = 35, .verified = 50}},
    {"gm_exit", {.translated = 100, .verified = 140}},
};

template <auto Destroy>
struct Destroyed {
  template <typename Skeleton>
  void operator()(Skeleton* skeleton) const {
    Destroy(skeleton);
  }
};

// Loads every program of a skeleton, as a daemon would.
template <auto Open, auto Load, auto Destroy>
class Loaded {
 public:
  Loaded() : skeleton_(Open()) {
    if (!skeleton_) return;
    const auto attach_by = how_to_attach(/*force_perf_uprobes=*/false);
    set_attach_type(*skeleton_->obj, attach_by);
    if constexpr (requires { skeleton_->rodata->gm_has_cookies; })
      skeleton_->rodata->gm_has_cookies = attach_by == AttachBy::kCopies ? 0 : 1;
    if constexpr (requires { skeleton_->rodata->gm_all_processes; })
      skeleton_->rodata->gm_all_processes = 1;
    error_ = Load(skeleton_.get());
  }
  [[nodiscard]] bool is_there() const { return skeleton_ && error_ == 0; }
  [[nodiscard]] std::string why() const { return std::strerror(skeleton_ ? -error_ : errno); }
  [[nodiscard]] const bpf_object* object() const { return skeleton_->obj; }

 private:
  std::unique_ptr<std::remove_pointer_t<decltype(Open())>, Destroyed<Destroy>> skeleton_;
  int error_ = 0;
};

Size size_of(const bpf_program* program) {
  bpf_prog_info info{};
  std::uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) != 0) return {};
  return {.translated = info.xlated_prog_len / static_cast<std::uint32_t>(sizeof(bpf_insn)),
          .verified = info.verified_insns};
}

void expect_within(std::string_view name, std::string_view what, std::uint32_t count,
                   std::uint32_t budget) {
  EXPECT_LE(count, budget) << name << ": " << count << " instructions " << what
                           << ", the budget is " << budget
                           << " (tests/unit/daemon/kernel/program_budget_test.cpp)";
}

class ProgramBudgetTracer : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto ready = check_prerequisites(); !ready) GTEST_SKIP() << ready.error().context;
    prepare_libbpf();
  }

  template <typename Object>
  static void check() {
    const Object loaded;
    ASSERT_TRUE(loaded.is_there()) << loaded.why();
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, loaded.object()) {
      const std::string_view name = bpf_program__name(program);
      const auto size = size_of(program);
      ASSERT_GT(size.translated, 0) << name << ": the kernel does not tell its size";
      const auto budget = kBudgets.find(name);
      if (budget == kBudgets.end()) {
        ADD_FAILURE() << name << " has no budget: " << size.translated << " translated, "
                      << size.verified << " verified";
        continue;
      }
      expect_within(name, "translated", size.translated, budget->second.translated);
      // Kernels before 5.16 don't tell.
      expect_within(name, "verified", size.verified, budget->second.verified);
    }
  }
};

TEST_F(ProgramBudgetTracer, HoldsForGrowths) {
  check<Loaded<gomapd_bpf__open, gomapd_bpf__load, gomapd_bpf__destroy>>();
}

TEST_F(ProgramBudgetTracer, HoldsForAssignments) {
  check<Loaded<assign_bpf__open, assign_bpf__load, assign_bpf__destroy>>();
}

TEST_F(ProgramBudgetTracer, HoldsForSampledGrowths) {
  check<Loaded<sample_bpf__open, sample_bpf__load, sample_bpf__destroy>>();
}

TEST_F(ProgramBudgetTracer, HoldsForProcesses) {
  check<Loaded<process_bpf__open, process_bpf__load, process_bpf__destroy>>();
}

}  // namespace
}  // namespace gomapd::kernel
