// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/config/daemon_options.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace gomapd::config {
namespace {

using namespace std::chrono_literals;

DaemonOptions parsed(std::string_view text) {
  const auto options = parse_daemon_options(text, "f.yaml");
  EXPECT_TRUE(options) << options.error().context;
  return options.value_or(DaemonOptions{});
}

// The message of what is refused.
std::string refused(std::string_view text) {
  const auto options = parse_daemon_options(text, "f.yaml");
  if (options) return "accepted";
  EXPECT_EQ(options.error().code, Errc::kUsage);
  EXPECT_EQ(options.error().context.find('\n'), std::string::npos);
  return options.error().context;
}

std::string file(const std::string& path) {
  std::ifstream stream(std::string(GOMAPD_SOURCE_FOLDER) + "/" + path);
  EXPECT_TRUE(stream) << path;
  return {std::istreambuf_iterator<char>(stream), {}};
}

// deploy/gomapd.yaml with "#" taken off every line where it stands before a key or a
// remark within a section; prose stays a comment.
std::string example_in_force() {
  std::istringstream lines(file("deploy/gomapd.yaml"));
  std::string text;
  for (std::string line; std::getline(lines, line); text += line + '\n') {
    const bool is_prose = line.starts_with("# ") && !line.starts_with("#  ");
    if (line.starts_with('#') && !is_prose) line.erase(0, 1);
  }
  return text;
}

TEST(DaemonOptions, AreTheDefaultsWithoutAText) {
  for (const auto* text : {"", "\n", "# nothing\n", "{}", "---\n", "web:\n", "web: {}\n", "null\n"})
    EXPECT_EQ(parsed(text), DaemonOptions{}) << text;
}

TEST(DaemonOptions, TakeEveryKey) {
  const auto options = parsed(R"(
web:
  listen_addresses: [":1", "[::1]:2"]
  config_file: /w.yaml
  enable_lifecycle: true
match:
  exe: ["/opt/*"]
  unit: a.service
  container:
    - x
    - y
exclude: {exe: [e], unit: [u], container: ["?*"]}
trace:
  detail: buckets
  max_overhead: 0.5%
  ring_bytes: 65536
  recover_after: 2m
  scan_interval: 1.5
metrics:
  max_workloads: 6
  max_sites: 7
  linger: 1h
  pid: true
storm:
  floor: 20.5
  ratio: 3
  warm_up: 10s
log:
  level: warn
  format: json
)");
  DaemonOptions expected;
  expected.listen_addresses = {":1", "[::1]:2"};
  expected.web_config_file = "/w.yaml";
  expected.enable_lifecycle = true;
  expected.selection.match_exe = {"/opt/*"};
  expected.selection.match_unit = {"a.service"};
  expected.selection.match_container = {"x", "y"};
  expected.selection.exclude_exe = {"e"};
  expected.selection.exclude_unit = {"u"};
  expected.selection.exclude_container = {"?*"};
  expected.detail = Detail::kBuckets;
  expected.max_overhead = 0.005;
  expected.ring_bytes = 65536;
  expected.recover_after = 2min;
  expected.scan_interval = 1500ms;
  expected.max_workloads = 6;
  expected.max_sites = 7;
  expected.linger = 1h;
  expected.metrics_pid = true;
  expected.storm = {.floor = 20.5, .ratio = 3, .warm_up = 10s};
  expected.log_level = LogLevel::kWarn;
  expected.log_format = LogFormat::kJson;
  EXPECT_EQ(options, expected);
}

TEST(DaemonOptions, LeaveWhatTheFileDoesNotName) {
  DaemonOptions before;
  before.max_sites = 9;
  before.linger = 1s;
  const auto options = parse_daemon_options("metrics: {linger: 2s}", "f.yaml", before);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->max_sites, 9U);
  EXPECT_EQ(options->linger, 2s);
}

TEST(DaemonOptions, SayWhereAndWhatIsWrong) {
  EXPECT_EQ(refused("web:\n  listen_adresses: []\n"),
            "f.yaml:2: there is no key in \"web\" named \"listen_adresses\": did you mean "
            "\"listen_addresses\"?");
  EXPECT_EQ(refused("\nmetric: {}\n"),
            "f.yaml:2: there is no section \"metric\": did you mean \"metrics\"?");
  EXPECT_EQ(refused("log:\n  level: warn\n  level: info\n"),
            "f.yaml:3: \"level\" for the second time, after line 2: remove one");
  EXPECT_EQ(refused("web: {}\nlog: {}\nweb: {}\n"),
            "f.yaml:3: \"web\" for the second time, after line 1: remove one");
  EXPECT_EQ(refused("\"a\\nb\": 1\n\"a\\nb\": 2\n"),
            "f.yaml:2: \"a?b\" for the second time, after line 1: remove one");
  EXPECT_EQ(refused("log:\n  level: loud\n"),
            "f.yaml:2: log.level: \"loud\": write debug or info or warn or error");
  EXPECT_EQ(refused("metrics:\n  linger:\n"),
            "f.yaml:2: metrics.linger: no value: write a time such as 10s, 500ms or 5m");
  EXPECT_EQ(refused("match:\n  exe:\n    - api\n    - \"a[\"\n"),
            "f.yaml:4: match.exe: \"a[\": \"[\" is never closed: write \"\\[\" for the character "
            "itself");
  EXPECT_EQ(refused("- web\n"), "f.yaml:1: a list: write sections such as web: or match:");
  EXPECT_EQ(refused("web: 7\n"), "f.yaml:1: \"7\": write KEY: VALUE below \"web\"");
}

TEST(DaemonOptions, RefuseValuesOfTheWrongKindOrSize) {
  for (const auto* text : {"web: {enable_lifecycle: yes}",
                           "web: {enable_lifecycle: \"true\"}",
                           "web: {config_file: []}",
                           "web: {listen_addresses: []}",
                           "web: {listen_addresses: [localhost]}",
                           "web: {listen_addresses: [\":65536\"]}",
                           "web: {listen_addresses: [\":1x\"]}",
                           "web: {listen_addresses: [\":-1\"]}",
                           "web: {listen_addresses: [[a]]}",
                           "match: {exe: [\"\"]}",
                           "match: {unit: {a: b}}",
                           "trace: {detail: assign}",
                           "trace: {max_overhead: 0}",
                           "trace: {max_overhead: 101%}",
                           "trace: {max_overhead: nan}",
                           "trace: {ring_bytes: 4095}",
                           "trace: {ring_bytes: 1073741825}",
                           "trace: {ring_bytes: 8MiB}",
                           "trace: {ring_bytes: -1}",
                           "trace: {ring_bytes: 99999999999999999999}",
                           "trace: {scan_interval: 0}",
                           "trace: {scan_interval: -1s}",
                           "trace: {scan_interval: 5 m}",
                           "metrics: {max_workloads: 0}",
                           "metrics: {max_workloads: 100001}",
                           "metrics: {max_sites: 0}",
                           "metrics: {max_sites: 100001}",
                           "metrics: {max_sites: 1.5}",
                           "metrics: {pid: 1}",
                           "storm: {floor: -1}",
                           "storm: {floor: nan}",
                           "storm: {ratio: inf}",
                           "storm: {ratio: 0.5}",
                           "storm: {warm_up: soon}",
                           "log: {format: xml}",
                           "log: {level: []}"})
    EXPECT_TRUE(refused(text).starts_with("f.yaml:1: ")) << text << " → " << refused(text);
}

TEST(DaemonOptions, RefuseHostileYaml) {
  const std::string deep(10'000, '[');
  const std::string flow_deep = "web: " + std::string(20, '[') + std::string(20, ']');
  const std::string many = "match: {exe: [" + std::string(4000, 'a') + "]}";
  std::string too_many = "match:\n  exe:\n";
  for (int i = 0; i < 1001; ++i) too_many += "    - a\n";
  for (const auto& text :
       {std::string("a: &x [1]\nb: *x\n"), std::string("web: &x {}\n"), std::string("&x web: {}\n"),
        std::string("web: !!str x\n"), std::string("web: !evil {}\n"), std::string("{}\n---\n{}\n"),
        std::string("? [a]\n: b\n"), std::string("web: [\n"), std::string("web: \"\n"),
        std::string("\t- a\n"), std::string("web: {a: b"), std::string("%YAML 9.9\n---\n"),
        std::string("a\0b: {}", 7), deep, flow_deep, too_many,
        "#" + std::string(kMaxConfigBytes, ' ')})
    EXPECT_TRUE(refused(text).starts_with("f.yaml:")) << text.substr(0, 40);
  EXPECT_EQ(parsed(many).selection.match_exe.size(), 1U);
}

TEST(DaemonOptions, RefuseABillionLaughs) {
  EXPECT_EQ(refused("a: &a [lol, lol]\nb: &b [*a, *a]\nc: [*b, *b]\n"),
            "f.yaml:1: an anchor (&name): write the value where it is needed");
}

TEST(DaemonOptions, ShowAValueOnOneLineAndCutShort) {
  const auto message = refused("log: {level: \"a\\n\\e[31m" + std::string(500, 'x') + "\"}");
  EXPECT_LT(message.size(), 200U);
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
}

TEST(DaemonOptions, SurviveATextCutAnywhereAndAnyByte) {
  const auto whole = example_in_force();
  for (std::size_t size = 0; size <= whole.size(); ++size)
    (void)parse_daemon_options(whole.substr(0, size), "f.yaml");
  for (int byte = 0; byte < 256; ++byte) {
    const auto c = static_cast<char>(byte);
    (void)parse_daemon_options(std::string("web: ") + c + c + "\n" + c, "f.yaml");
    (void)parse_daemon_options(std::string(3, c), "f.yaml");
  }
}

TEST(ConfigurationExample, ChangesNothingAsItComes) {
  EXPECT_EQ(parsed(file("deploy/gomapd.yaml")), DaemonOptions{});
}

TEST(ConfigurationExample, NamesEveryKeyAndItsDefault) {
  auto options = parsed(example_in_force());
  EXPECT_EQ(options.selection.match_exe, (std::vector<std::string>{"/opt/*", "api"}));
  EXPECT_EQ(options.selection.exclude_container, (std::vector<std::string>{"?*"}));
  EXPECT_EQ(options.web_config_file, "/etc/gomapd/web.yaml");
  // The rest are the defaults.
  options.selection = {};
  options.web_config_file.clear();
  EXPECT_EQ(options, DaemonOptions{});
  const auto text = example_in_force();
  for (const auto& key : known_keys()) {
    const auto dot = key.find('.');
    const auto section = text.find("\n" + key.substr(0, dot) + ":\n");
    ASSERT_NE(section, std::string::npos) << key;
    EXPECT_NE(text.find("\n  " + key.substr(dot + 1) + ":", section), std::string::npos) << key;
  }
}

TEST(ConfigurationPage, ListsEveryKey) {
  const auto page = file("docs/CONFIGURATION.md");
  for (const auto& key : known_keys())
    EXPECT_NE(page.find("| `" + key + "` |"), std::string::npos) << key;
}

}  // namespace
}  // namespace gomapd::config
