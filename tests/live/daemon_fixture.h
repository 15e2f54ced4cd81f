// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "tests/live/lab.h"
#include "tests/live/pages.h"
#include "tests/live/report.h"
#include "tests/live/run.h"
#include "tests/live/tracing.h"

namespace gomapd::live {

// A daemon that traces programs named daemons*, and its pages.
class DaemonTest : public testing::TestWithParam<Build> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    GOMAPD_BUILD_OR_SKIP(GetParam());
    if (run({"curl", "--version"}).ending.code != 0) GTEST_SKIP() << "no curl";
    const auto built = build_truth(GetParam());
    ASSERT_TRUE(built.has_value()) << built.error();
    // A file of its own: nobody else runs it.
    program_ = folder_ / "daemonstruth";
    std::filesystem::copy_file(*built, program_);
  }

  void start(Arguments options = {}, const SpawnOptions& spawn = {}) {
    Arguments all{gomapd_path(), "daemon",      "--web.listen-address",
                  "127.0.0.1:0", "--match-exe", "daemons*"};
    all.insert(all.end(), options.begin(), options.end());
    daemon_.emplace(all, spawn);
    address_ = address_of(*daemon_);
    ASSERT_FALSE(address_.empty()) << daemon_->errors();
  }

  // A client's own tool; the server is on loopback.
  [[nodiscard]] std::string get(const std::string& path, const Arguments& options = {}) const {
    Arguments command{"curl", "-sS", "--max-time", "30", "http://" + address_ + path};
    command.insert(command.end(), options.begin(), options.end());
    const auto got = run(command);
    EXPECT_EQ(got.ending.code, 0) << got.errors;
    return got.output;
  }
  [[nodiscard]] Metrics metrics() const { return parse_metrics(get("/metrics")); }
  [[nodiscard]] double traced() const {
    return sum_of(metrics(), "gomapd_processes", "state=\"traced\"");
  }

  // A program that waits, and that the daemon traces.
  Child waiting_program(const std::filesystem::path& truth, const Arguments& workloads) {
    Arguments command{program_, "-wait", "-hold", "-out", truth};
    command.insert(command.end(), workloads.begin(), workloads.end());
    const auto before = traced();
    Child child(command);
    EXPECT_TRUE(child.wait_for_output("ready\n")) << child.errors();
    EXPECT_TRUE(eventually([&] { return traced() > before; }));
    return child;
  }

  static std::uint64_t started(const Json& truth) { return truth["started"].get<std::uint64_t>(); }

  ScratchFolder folder_;
  std::filesystem::path program_;
  std::optional<Child> daemon_;
  std::string address_;
};

}  // namespace gomapd::live
