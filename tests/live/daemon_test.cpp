// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
// The daemon: what its pages say is what the programs of a host did.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>

#include "tests/live/daemon_fixture.h"
#include "tests/live/lab.h"
#include "tests/live/pages.h"
#include "tests/live/storm_program.h"
#include "tests/live/tracing.h"
#include "tests/support/go_build.h"

namespace gomapd::live {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class DaemonLive : public DaemonTest {};

TEST_P(DaemonLive, CountsWhatProgramsCount) {
  start();
  auto program = waiting_program(folder_ / "truth", {"sizes", "kinds", "window", "open"});
  // What grew before it was traced is nobody's.
  const auto before = sum_of(metrics(), "gomapd_map_growths_total");
  program.feed("w");
  ASSERT_TRUE(program.wait_for_output("done\n"));
  const auto truth = Json::parse(read_file(folder_ / "truth"));
  const auto expected = static_cast<double>(started(truth));
  ASSERT_GT(expected, 100);
  EXPECT_TRUE(eventually([&] {
    return sum_of(metrics(), "gomapd_map_growths_total") - before == expected;
  })) << sum_of(metrics(), "gomapd_map_growths_total") - before
      << " of " << expected;
  for (const auto& [kind, count] : truth["by_kind"].items())
    EXPECT_EQ(sum_of(metrics(), "gomapd_map_growths_total", "kind=\"" + kind + "\""),
              count.get<double>())
        << kind;
  const auto finished = truth["finished"].get<double>();
  EXPECT_EQ(sum_of(metrics(), "gomapd_map_growth_duration_seconds_count"), finished);
  EXPECT_EQ(sum_of(metrics(), "gomapd_map_growths_in_progress"), expected - finished);
  EXPECT_EQ(sum_of(metrics(), "gomapd_site_growths_total"), expected + before);
  EXPECT_EQ(metrics()["gomapd_events_lost_total"], 0);
  EXPECT_EQ(metrics()["gomapd_model_divergences_total"], 0);
  // It goes; what it counted stays.
  program.feed("x");
  program.wait();
  EXPECT_TRUE(eventually([&] { return traced() == 0; }));
  EXPECT_EQ(sum_of(metrics(), "gomapd_map_growths_total") - before, expected);
}

// What the page is made of tells the same as the metrics, and shows a map that holds
// still in the middle of a growth.
TEST_P(DaemonLive, AnswersWithJson) {
  start();
  auto program = waiting_program(folder_ / "truth", {"sizes", "open"});
  program.feed("w");
  ASSERT_TRUE(program.wait_for_output("done\n"));
  const auto api = [&](const std::string& path) { return Json::parse(get("/api/v1/" + path)); };
  const auto expected = started(Json::parse(read_file(folder_ / "truth")));
  ASSERT_TRUE(eventually(
      [&] { return api("status")["growths"] >= expected && !api("maps")["maps"].empty(); }));

  const auto workloads = api("workloads")["workloads"];
  ASSERT_EQ(workloads.size(), 1);
  const auto& own = workloads[0];
  EXPECT_EQ(own["exe"], "daemonstruth");
  EXPECT_EQ(own["growths"].get<double>(), sum_of(metrics(), "gomapd_map_growths_total"));
  EXPECT_EQ(own["in_progress"].get<double>(), sum_of(metrics(), "gomapd_map_growths_in_progress"));
  EXPECT_EQ(api("status")["growths"], own["growths"]);
  EXPECT_EQ(api("status")["ready"], true);
  EXPECT_FALSE(api("status")["version"].get<std::string>().empty());
  std::uint64_t growths = 0;
  const auto of_it = "?workload=" + own["id"].get<std::string>();
  const auto sites = api("sites" + of_it)["sites"];
  for (const auto& site : sites) growths += site["growths"].get<std::uint64_t>();
  EXPECT_EQ(growths, own["growths"]);
  const auto root = api("flamegraph" + of_it)["root"];
  EXPECT_EQ(root["growths"], own["growths"]);
  EXPECT_EQ(root["bytes"], own["bytes"]);
  EXPECT_FALSE(root["children"].empty());
  EXPECT_TRUE(api("sites?workload=0").contains("error"));
  EXPECT_TRUE(api("map?pid=x").contains("error"));

  const auto live = api("maps" + of_it)["maps"];
  const auto growing = std::ranges::find_if(
      live, [](const Json& one) { return one["impl"] == "swiss" || one["old_buckets"] != 0; });
  ASSERT_NE(growing, live.end());
  const auto path =
      "map?pid=" + (*growing)["pid"].dump() + "&map=" + (*growing)["map"].get<std::string>();
  ASSERT_TRUE(eventually([&] { return api(path).contains("keys"); }));
  const auto picture = api(path);
  EXPECT_EQ(picture["is_blurred"], false);
  EXPECT_EQ(picture["keys"], (*growing)["keys"]);
  if (picture["impl"] == "swiss") {
    std::uint64_t keys = 0;
    for (const auto& table : picture["tables"]) keys += table["used"].get<std::uint64_t>();
    EXPECT_EQ(keys, picture["keys"]);
    return;
  }
  double moved = 0;
  for (const auto& cell : picture["old"]["cells"]) moved += cell[1].get<double>();
  EXPECT_NEAR(moved / static_cast<double>(picture["old"]["cells"].size()),
              picture["evacuated_buckets"].get<double>() / picture["old_buckets"].get<double>(),
              0.01);
}

// Its binary is known by then, and its probes are in. (Before Go 1.21 maps may grow
// before main: such a program can't tell.)
TEST_P(DaemonLive, TracesTheSecondRunFromItsFirstInstruction) {
  if (GetParam().version == "1.15") GTEST_SKIP() << "maps grow before main";
  start();
  {
    auto first = waiting_program(folder_ / "first", {"none"});
    first.feed("wx");
    first.wait();
  }
  EXPECT_TRUE(eventually([&] { return traced() == 0; }));
  const auto before = sum_of(metrics(), "gomapd_map_growths_total");
  std::uint64_t expected = 0;
  for (int i = 0; i < 20; ++i) {
    const auto truth = folder_ / ("truth" + std::to_string(i));
    ASSERT_EQ(run({program_, "-out", truth, "kinds"}).ending.code, 0);
    expected += started(Json::parse(read_file(truth)));
  }
  EXPECT_TRUE(eventually([&] {
    return sum_of(metrics(), "gomapd_map_growths_total") - before == static_cast<double>(expected);
  })) << sum_of(metrics(), "gomapd_map_growths_total") - before
      << " of " << expected;
}

TEST_P(DaemonLive, TellsProcessesApartOnRequest) {
  start({"--metrics.pid"});
  auto program = waiting_program(folder_ / "truth", {"kinds"});
  program.feed("w");
  ASSERT_TRUE(program.wait_for_output("done\n"));
  const auto pid = "pid=\"" + std::to_string(program.pid()) + "\"";
  EXPECT_TRUE(eventually([&] { return sum_of(metrics(), "gomapd_map_growths_total", pid) > 0; }));
}

TEST_P(DaemonLive, GivesAProfileThatPprofReads) {
  fs::path tool;
  for (const auto& version : test::go_minors()) {
    const auto path = *test::go_root(version) / "pkg" / "tool" / "linux_amd64" / "pprof";
    if (version != "1.15" && fs::exists(path)) tool = path;
  }
  if (tool.empty()) GTEST_SKIP() << "no toolchain at hand has the tool pprof";
  start();
  auto program = waiting_program(folder_ / "truth", {"kinds"});
  Child client({"curl", "-sS", "--max-time", "30", "-o", folder_ / "profile",
                "http://" + address_ + "/debug/pprof/mapgrowth?seconds=3"});
  // It asks for what grows from now on.
  std::this_thread::sleep_for(milliseconds(500));
  program.feed("w");
  ASSERT_TRUE(program.wait_for_output("done\n"));
  EXPECT_EQ(client.wait().code, 0) << client.errors();
  const auto read = run({tool, "-top", folder_ / "profile"},
                        {.environment = {"PPROF_TMPDIR=" + folder_.path().string()}});
  EXPECT_EQ(read.ending.code, 0) << read.errors;
  const auto truth = Json::parse(read_file(folder_ / "truth"));
  EXPECT_NE(read.output.find(" " + std::to_string(started(truth)) + " total"), std::string::npos)
      << started(truth) << "\n"
      << read.output;
  EXPECT_EQ(
      get("/debug/pprof/mapgrowth?seconds=0", {"-o", "-", "-w", "%{http_code}"}).find("400") ==
          std::string::npos,
      false);
}

// The kernel writes a breakpoint into every private mapping of a file that is probed
// for all processes.
TEST_P(DaemonLive, DisturbsNeitherAnInspectionNorAnotherTrace) {
  const auto undisturbed = run({gomapd_path(), "inspect", "--json", program_}).output;
  start();
  auto program = waiting_program(folder_ / "truth", {"none"});
  const auto inspected = run({gomapd_path(), "inspect", "--json", program_});
  EXPECT_EQ(inspected.ending.code, 0) << inspected.errors;
  EXPECT_EQ(inspected.output, undisturbed);
  const auto problems = check_exact(trace_command(program_, {"kinds", "open"}),
                                    baseline_of(program_, GetParam().version));
  EXPECT_TRUE(problems.empty()) << problems.text();
}

TEST_P(DaemonLive, ReadsItsConfigurationAgain) {
  const auto file = folder_ / "gomapd.yaml";
  write_file(file, "match: {exe: nothing}\n");
  daemon_.emplace(
      Arguments{gomapd_path(), "daemon", "--web.listen-address", "127.0.0.1:0", "--config", file});
  address_ = address_of(*daemon_);
  ASSERT_FALSE(address_.empty()) << daemon_->errors();
  Child program({program_, "-wait", "-hold", "none"});
  ASSERT_TRUE(program.wait_for_output("ready\n"));
  EXPECT_EQ(traced(), 0);
  write_file(file, "match: {exe: [\n");
  daemon_->send_signal(SIGHUP);
  EXPECT_TRUE(daemon_->wait_for_errors("the configuration stays as it was")) << daemon_->errors();
  EXPECT_EQ(traced(), 0);
  write_file(file, "match: {exe: \"daemons*\"}\n");
  daemon_->send_signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return traced() == 1; })) << daemon_->errors();
}

TEST_P(DaemonLive, ReadsItsCertificateAgain) {
  const auto make_certificate = [&](const std::string& name) {
    return run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                "/CN=" + name, "-keyout", folder_ / "key.pem", "-out", folder_ / "cert.pem"})
               .ending.code == 0;
  };
  if (!make_certificate("first")) GTEST_SKIP() << "no openssl";
  write_file(folder_ / "web.yml", "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n");
  start({"--web.config.file", folder_ / "web.yml"});
  const auto serves = [&](const std::string& name) {
    const auto got = run({"curl", "-skv", "--max-time", "30", "https://" + address_ + "/-/ready"});
    return got.output == "gomapd is ready.\n" && got.errors.find("CN=" + name) != std::string::npos;
  };
  EXPECT_TRUE(serves("first"));
  ASSERT_TRUE(make_certificate("second"));
  EXPECT_TRUE(eventually([&] { return serves("second"); })) << daemon_->errors();
}

TEST_P(DaemonLive, EndsAtOnceAndLeavesNothing) {
  start();
  auto program = waiting_program(folder_ / "truth", {"none"});
  EXPECT_EQ(get("/-/ready"), "gomapd is ready.\n");
  EXPECT_EQ(get("/-/healthy"), "gomapd is healthy.\n");
  daemon_->send_signal(SIGTERM);
  EXPECT_EQ(daemon_->wait().code, 0) << daemon_->errors();
  program.feed("wx");
  EXPECT_EQ(program.wait().code, 0);
}

TEST_P(DaemonLive, KeepsNothingOfManyShortProcesses) {
  start({"--metrics.linger", "1s"});
  const auto fds = [&] { return metrics()["process_open_fds"]; };
  const auto at_start = fds();
  for (int i = 0; i < 300; ++i) {
    const auto file = folder_ / ("daemons" + std::to_string(i % 10));
    if (i < 10) fs::copy_file(program_, file);
    ASSERT_EQ(run({file, "-out", folder_ / "truth", "literal"}).ending.code, 0);
  }
  EXPECT_TRUE(eventually([&] { return traced() == 0; }));
  EXPECT_TRUE(eventually([&] { return sum_of(metrics(), "gomapd_map_growths_total") == 0; }))
      << "workloads that linger";
  // A file, and links to its probes, for each binary that may run again.
  EXPECT_LE(fds() - at_start, 10 * 8);
  EXPECT_EQ(sum_of(metrics(), "gomapd_limit_hits_total"), 0);
}

// A storm is sampled after its first moments; what is counted exactly and what is
// estimated make up all of it. When it is over, all is counted again.
TEST_P(DaemonLive, KeepsTheCostOfAStormWithinTheBudget) {
  const auto built = build_go(GetParam(), source_folder() / "tests/live/go/storm");
  ASSERT_TRUE(built.has_value()) << built.error();
  const auto program = folder_ / "daemonsstorm";
  fs::copy_file(*built, program);
  const auto file = folder_ / "config.yaml";
  std::ofstream(file) << "trace: {recover_after: 3s}\n";
  start({"--config", file});
  StormProgram storm(program);
  const auto workload = [&] { return Json::parse(get("/api/v1/workloads"))["workloads"][0]; };
  const auto exact = [&] { return workload()["growths"].get<double>(); };
  ASSERT_TRUE(eventually([&] { return traced() == 1; }));
  storm.tell("make 0");
  const auto before = exact();  // its runtime's own, as it began
  auto made = storm.tell("make 100");
  ASSERT_TRUE(eventually([&] { return exact() - before >= 100; }));
  std::this_thread::sleep_for(milliseconds(1500));
  const auto each = std::round((exact() - before) / static_cast<double>(made));
  ASSERT_EQ(exact() - before, each * static_cast<double>(made));
  EXPECT_EQ(workload()["detail"], "growth");

  storm.tell("storm 1");
  ASSERT_TRUE(eventually([&] { return workload()["detail"] == "sampled"; })) << daemon_->errors();
  double overhead = 0;
  constexpr int kSeconds = 12;
  for (int i = 0; i < kSeconds; ++i) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    overhead += workload()["overhead_ratio"].get<double>() / kSeconds;
  }
  made = storm.tell("stop");
  EXPECT_LT(overhead, 0.015);
  const auto metric = sum_of(metrics(), "gomapd_map_growths_estimated_total");
  EXPECT_GT(metric, 0);
  EXPECT_GT(sum_of(metrics(), "gomapd_probe_hits_total", "role=\"sampled\""), 0);
  ASSERT_TRUE(eventually([&] { return workload()["detail"] == "growth"; }));
  const auto after = workload();
  const auto estimated = after["estimated_growths"].get<double>();
  const auto error = after["estimated_growths_error"].get<double>();
  const auto truth = each * static_cast<double>(made) + before - after["growths"].get<double>();
  EXPECT_GT(error, 0);
  EXPECT_LT(error, 0.5 * estimated);
  EXPECT_NEAR(estimated, truth, std::max(4 * error, 0.1 * truth));
  std::uint64_t at_sites = 0;
  const auto sites = Json::parse(get("/api/v1/sites"))["sites"];
  for (const auto& site : sites)
    if (site["function"] == "main.makeMap")
      at_sites += site["estimated_growths"].get<std::uint64_t>();
  EXPECT_NEAR(static_cast<double>(at_sites), estimated, 0.05 * estimated) << sites;

  // Exactly, again.
  const auto then = exact();
  storm.tell("make 100");
  EXPECT_TRUE(eventually([&] { return exact() - then >= 100 * each; }));
  EXPECT_EQ(exact() - then, 100 * each);
  EXPECT_EQ(sum_of(metrics(), "gomapd_map_growths_in_progress"), 0);
  EXPECT_EQ(metrics()["gomapd_model_divergences_total"], 0);
  storm.quit();
}

INSTANTIATE_TEST_SUITE_P(Live, DaemonLive, testing::ValuesIn(one_of_each_design()),
                         [](const auto& build) { return name_of(build.param); });

}  // namespace
}  // namespace gomapd::live
