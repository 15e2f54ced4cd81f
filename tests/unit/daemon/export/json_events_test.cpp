// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The lines of growths and processes, field by field as the contract lists them.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/export/json.h"
#include "tests/unit/daemon/export/sample_report.h"

namespace gomapd::exporter {
namespace {

using nlohmann::json;
using namespace nlohmann::literals;  // NOLINT(google-build-using-namespace)

constexpr std::uint64_t kTime = 1'700'000'000'123'456'789;

model::TypeInfo int_type() {
  return {"map[int64]int64", {144, model::Scan::kNoPointers, go::Version{21, 0}}};
}

class GrowthJson : public testing::Test {
 protected:
  GrowthJson() {
    event_.pid = 41;
    event_.tid = 43;
    event_.goid = 18;
    event_.address = 0xc000123000;
    event_.kind = GM_KIND_DOUBLE;
    event_.keys = 13;
    event_.go_map_keys = 1300;
    event_.sizes = {2, 4, 576};
    event_.overflow_buckets = 1;
    event_.duration_ns = 9'000;
    event_.type = &type_;
    event_.stack = &stack_;
  }

  [[nodiscard]] json line() const { return json::parse(growth_json(event_, kTime)); }

  model::TypeInfo type_ = int_type();
  model::Stack stack_{{"main.put", "/src/main.go", 12, true},
                      {"main.main", "/src/main.go", 30, false}};
  model::GrowthEvent event_;
};

TEST_F(GrowthJson, HasEveryFieldOfAClassicStart) {
  EXPECT_EQ(line(), R"({
    "event": "growth_started", "time_ns": 1700000000123456789, "pid": 41, "tid": 43, "goid": 18,
    "map": "0xc000123000", "map_type": "map[int64]int64", "impl": "classic",
    "kind": "double", "reason": "load_factor", "keys": 13, "old_buckets": 2, "new_buckets": 4,
    "load_factor": 6.5, "overflow_buckets": 1, "overflow_estimated": false, "bytes": 576,
    "on_stack": false,
    "stack": [
      {"function": "main.put", "file": "/src/main.go", "line": 12, "inlined": true},
      {"function": "main.main", "file": "/src/main.go", "line": 30, "inlined": false}],
    "stack_truncated": false
  })"_json);
}

TEST_F(GrowthJson, HasEveryFieldOfASwissStart) {
  event_.design = go::Design::kSwiss;
  event_.kind = GM_KIND_SPLIT;
  event_.reason = model::Reason::kTombstones;
  event_.keys = 640;
  event_.sizes = {1024, 2048, 54592};
  event_.on_goroutine_stack = true;
  EXPECT_EQ(line(), R"({
    "event": "growth_started", "time_ns": 1700000000123456789, "pid": 41, "tid": 43, "goid": 18,
    "map": "0xc000123000", "map_type": "map[int64]int64", "impl": "swiss",
    "kind": "split", "reason": "tombstones", "keys": 640, "old_buckets": 1024, "new_buckets": 2048,
    "load_factor": 0.625, "map_keys": 1300, "bytes": 54592, "on_stack": true,
    "stack": [
      {"function": "main.put", "file": "/src/main.go", "line": 12, "inlined": true},
      {"function": "main.main", "file": "/src/main.go", "line": 30, "inlined": false}],
    "stack_truncated": false
  })"_json);
}

TEST_F(GrowthJson, SaysThatAStackWasCut) {
  stack_.back().callers_missing = true;
  EXPECT_EQ(line()["stack_truncated"], true);
}

TEST_F(GrowthJson, HasEveryFieldOfAnEnd) {
  event_.what = GM_RECORD_FINISHED;
  EXPECT_EQ(line(), R"({
    "event": "growth_finished", "time_ns": 1700000000123456789, "pid": 41, "tid": 43, "goid": 18,
    "map": "0xc000123000", "map_type": "map[int64]int64", "impl": "classic",
    "kind": "double", "duration_ns": 9000, "began_before": false,
    "old_buckets": 2, "new_buckets": 4
  })"_json);
}

TEST_F(GrowthJson, HasEveryFieldOfAMovedBucket) {
  event_.what = GM_RECORD_EVACUATED;
  event_.bucket = 1;
  event_.evacuated = 2;
  EXPECT_EQ(line(), R"({
    "event": "bucket_evacuated", "time_ns": 1700000000123456789, "pid": 41, "tid": 43, "goid": 18,
    "map": "0xc000123000", "map_type": "map[int64]int64", "impl": "classic",
    "bucket": 1, "old_buckets": 2, "evacuated": 2
  })"_json);
  event_.evacuated = 0;  // the growth's start was not seen
  EXPECT_EQ(line()["evacuated"], nullptr);
}

TEST_F(GrowthJson, HasEveryFieldOfAPrune) {
  event_.what = GM_RECORD_PRUNED;
  event_.design = go::Design::kSwiss;
  event_.tombstones_removed = 64;
  EXPECT_EQ(line(), R"({
    "event": "tombstones_pruned", "time_ns": 1700000000123456789, "pid": 41, "tid": 43, "goid": 18,
    "map": "0xc000123000", "map_type": "map[int64]int64", "impl": "swiss", "removed": 64
  })"_json);
}

TEST_F(GrowthJson, SaysNullForWhatIsNotKnown) {
  type_ = {};
  stack_ = {};
  EXPECT_EQ(line()["map_type"], nullptr);
  EXPECT_EQ(line()["bytes"], nullptr);
  EXPECT_EQ(line()["stack"], json::array());
}

TEST_F(GrowthJson, KeepsLargeNumbersExact) {
  event_.address = UINT64_MAX;
  event_.keys = UINT64_MAX;
  event_.sizes.bytes = UINT64_MAX - 1;
  EXPECT_EQ(line()["map"], "0xffffffffffffffff");
  EXPECT_EQ(line()["keys"].get<std::uint64_t>(), UINT64_MAX);
  EXPECT_EQ(line()["bytes"].get<std::uint64_t>(), UINT64_MAX - 1);
}

bool is_printable_ascii(char c) {
  return c >= 0x20 && c < 0x7f;
}

TEST_F(GrowthJson, IsOneLineOfAsciiWhateverTheNames) {
  const std::string name(kHostileName);
  type_.name = name;
  stack_ = {{name, name, 1, false}};
  const auto text = growth_json(event_, kTime);
  EXPECT_TRUE(std::ranges::all_of(text, is_printable_ascii)) << text;
  // The byte that is no UTF-8 became U+FFFD; the rest is as it was.
  const auto expected =
      "a\x1b[2J\xef\xbf\xbd\"b\n\x7f\xc2\x9b\xe2\x80\xae"
      "c\\";
  EXPECT_EQ(line()["map_type"], expected);
  EXPECT_EQ(line()["stack"][0]["function"], expected);
  EXPECT_EQ(line()["stack"][0]["file"], expected);
}

TEST(ProcessJson, HasEveryField) {
  const model::Process process{41, "/usr/bin/server", "go1.24.1", go::Design::kSwiss};
  EXPECT_EQ(json::parse(process_json("process_started", process, kTime)), R"({
    "event": "process_started", "time_ns": 1700000000123456789, "pid": 41,
    "exe": "/usr/bin/server", "go_version": "go1.24.1", "impl": "swiss"})"_json);
  EXPECT_EQ(json::parse(process_json("process_exited", process, kTime))["event"], "process_exited");
}

TEST(ProcessJson, IsOneLineOfAsciiWhateverTheNames) {
  const model::Process process{41, std::string(kHostileName), std::string(kHostileName),
                               go::Design::kClassic};
  const auto text = process_json("process_started", process, kTime);
  EXPECT_TRUE(std::ranges::all_of(text, is_printable_ascii)) << text;
  EXPECT_TRUE(json::accept(text));
}

}  // namespace
}  // namespace gomapd::exporter
