// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "daemon/kernel/features.h"
#include "daemon/kernel/tracer.h"
#include "daemon/proc/file.h"

namespace gomapd::kernel {

// The place of an address of this program in its file, as /proc/self/maps has it.
inline std::uint64_t file_offset_of(std::uint64_t address) {
  std::ifstream lines("/proc/self/maps");
  for (std::string line; std::getline(lines, line);) {
    unsigned long begin = 0;
    unsigned long end = 0;
    unsigned long offset = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx %*s %lx", &begin, &end, &offset) == 3 &&
        address >= begin && address < end)
      return address - begin + offset;
  }
  return 0;
}

// Runs with uprobe_multi (false) and with perf events (true); probes are our own.
class TracerTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (const auto ready = check_prerequisites(); !ready) GTEST_SKIP() << ready.error().context;
    if (!GetParam() && !has_uprobe_multi())
      GTEST_SKIP() << "the kernel has no uprobe_multi: it came with Linux 6.6";
    self_ = proc::Fd(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(self_);
  }

  static Tracer load(std::uint32_t ring_bytes = 4096) {
    TracerOptions options;
    options.ring_bytes = ring_bytes;
    options.force_perf_uprobes = GetParam();
    return Tracer::load(options).value();
  }

  Result<void> attach(Tracer& tracer, const std::vector<ProbeSite>& sites) {
    return tracer.attach(sites, 0, self_.get(), getpid());
  }

  proc::Fd self_;
};

}  // namespace gomapd::kernel
