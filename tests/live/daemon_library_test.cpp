// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// Go libraries (-buildmode=c-shared) in programs in C, as the daemon finds them.
#include <gtest/gtest.h>

#include <optional>

#include "tests/live/lab.h"
#include "tests/live/pages.h"
#include "tests/live/tracing.h"
#include "tests/support/go_build.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;

// Each of the library's hundred maps grows four times.
constexpr double kGrowths = 400;
constexpr const char* kOfLibrary = "function=\"main.fill\"";

class DaemonLibrary : public testing::Test {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    const auto build = any_swiss();
    if (!build) GTEST_SKIP() << "no toolchain with Swiss maps";
    if (run({"curl", "--version"}).ending.code != 0) GTEST_SKIP() << "no curl";
    host_ = folder_ / "daemonshost";
    const auto compiled = run({"cc", "-o", host_, source_folder() / "tests/live/c/host.c", "-ldl"});
    if (compiled.ending.code != 0) GTEST_SKIP() << "no C compiler: " << compiled.errors;
    const auto built = test::build_go_program(*test::go_root(build->version),
                                              source_folder() / "tests/live/go/library",
                                              {"-buildmode=c-shared"}, {"CGO_ENABLED=1"});
    if (!built) GTEST_SKIP() << "no c-shared library here: " << built.error().context;
    library_ = folder_ / "library.so";
    fs::copy_file(*built, library_);
    daemon_.emplace(Arguments{gomapd_path(), "daemon", "--web.listen-address", "127.0.0.1:0",
                              "--match-exe", "daemonshost"});
    address_ = address_of(*daemon_);
    ASSERT_FALSE(address_.empty()) << daemon_->errors();
  }

  [[nodiscard]] Metrics metrics() const {
    return parse_metrics(
        run({"curl", "-sS", "--max-time", "30", "http://" + address_ + "/metrics"}).output);
  }
  [[nodiscard]] bool processes_become(const std::string& state, double count) const {
    return eventually(
        [&] { return sum_of(metrics(), "gomapd_processes", "state=\"" + state + "\"") == count; });
  }
  [[nodiscard]] double growths_in_library() const {
    double sum = 0;
    for (const auto& [series, value] : metrics())
      if (series.starts_with("gomapd_site_growths_total{exe=\"daemonshost\"") &&
          series.find(kOfLibrary) != std::string::npos)
        sum += value;
    return sum;
  }
  [[nodiscard]] bool growths_become(double count) const {
    return eventually([&] { return growths_in_library() == count; });
  }

  ScratchFolder folder_;
  fs::path host_;
  fs::path library_;
  std::optional<Child> daemon_;
  std::string address_;
};

TEST_F(DaemonLibrary, IsFoundInItsProgramAndCountedForIt) {
  Child host({host_, library_});
  ASSERT_TRUE(host.wait_for_output("ready\n")) << host.errors();
  ASSERT_TRUE(processes_become("traced", 1)) << daemon_->errors();
  host.feed("w");
  ASSERT_TRUE(host.wait_for_output("done\n"));
  EXPECT_TRUE(growths_become(kGrowths)) << growths_in_library();
  // Its file is known by now.
  Child other({host_, library_});
  ASSERT_TRUE(processes_become("traced", 2));
  other.feed("w");
  ASSERT_TRUE(other.wait_for_output("done\n"));
  EXPECT_TRUE(growths_become(2 * kGrowths)) << growths_in_library();
  host.feed("x");
  other.feed("x");
  EXPECT_EQ(host.wait().code, 0);
  EXPECT_EQ(other.wait().code, 0);
  EXPECT_TRUE(processes_become("traced", 0));
  EXPECT_EQ(growths_in_library(), 2 * kGrowths);
}

// A child that execs nothing runs what its parent runs.
TEST_F(DaemonLibrary, IsCountedInAForkedChildToo) {
  Child host({host_, "-fork", library_});
  ASSERT_TRUE(host.wait_for_output("ready\n")) << host.errors();
  ASSERT_TRUE(processes_become("traced", 1)) << daemon_->errors();
  host.feed("w");
  ASSERT_TRUE(host.wait_for_output("done\n")) << host.errors();
  EXPECT_TRUE(growths_become(2 * kGrowths)) << growths_in_library();
  EXPECT_TRUE(processes_become("traced", 1)) << "the child has gone";
}

TEST_F(DaemonLibrary, IsRefusedBesideAnother) {
  const auto second = folder_ / "second.so";
  fs::copy_file(library_, second);
  Child host({host_, library_, second});
  ASSERT_TRUE(host.wait_for_output("ready\n")) << host.errors();
  EXPECT_TRUE(processes_become("failed", 1));
  EXPECT_NE(daemon_->errors().find("two Go libraries"), std::string::npos) << daemon_->errors();
}

}  // namespace
}  // namespace gomapd::live
