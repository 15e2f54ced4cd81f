// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The trail as people read it, and the further fields of JSON Lines.
#include "daemon/export/life_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "daemon/export/json.h"
#include "tests/unit/daemon/export/sample_report.h"

namespace gomapd::exporter {
namespace {

using nlohmann::json;
using namespace nlohmann::literals;  // NOLINT(google-build-using-namespace)

constexpr std::uint64_t kBegan = 5'000'000'000;

class LifeText : public testing::Test {
 protected:
  // The lines of one event, which the map's life so far leads up to.
  std::string tell(gm_record_kind what, gm_kind kind, unsigned old_log2, std::uint64_t keys) {
    event_.what = what;
    event_.kind = kind;
    event_.design = kind >= GM_KIND_TO_TABLE ? go::Design::kSwiss : go::Design::kClassic;
    event_.keys = keys;
    event_.sizes = model::growth_sizes(kind, old_log2, type_.shape);
    event_.monotonic_ns += 2'000;
    return life_text(event_, step(), event_.monotonic_ns - kBegan);
  }
  model::LifeStep step() { return lives_.add(event_).value_or(model::LifeStep{}); }
  // What follows time, process, address and type.
  static std::string words(const std::string& line) { return line.substr(49); }

  LifeText() {
    event_.monotonic_ns = kBegan + 123'455'000;
    event_.pid = 4711;
    event_.address = 0xc000012340;
    event_.identity = 1;
    event_.type = &type_;
    event_.stack = &stack_;
  }

  model::TypeInfo type_{"map[int]int", {144, model::Scan::kNoPointers, go::Version{23, 0}}};
  model::Stack stack_{{"main.put", "/src/main.go", 12, false}};
  model::GrowthEvent event_;
  model::Lives lives_;
};

TEST_F(LifeText, ReadsAsTheRuntimeWorks) {
  EXPECT_EQ(tell(GM_RECORD_STARTED, GM_KIND_DOUBLE, 1, 13),
            "    0.123457 s  4711  0xc000012340  map[int]int  mapassign: 13 keys + 1 > 13 = 6.5 x "
            "2^1, the load factor -> hashGrow: double, B 1 -> 2, 2 -> 4 buckets, 576 B, by "
            "main.put /src/main.go:12\n");
  event_.evacuated = 1;
  event_.bucket = 1;
  EXPECT_EQ(tell(GM_RECORD_EVACUATED, GM_KIND_DOUBLE, 1, 0),
            "    0.123459 s  4711  0xc000012340  map[int]int    evacuate: bucket 1; 1 of 2 old "
            "buckets moved\n");
  event_.duration_ns = 3'000;
  EXPECT_EQ(tell(GM_RECORD_FINISHED, GM_KIND_DOUBLE, 1, 14),
            "    0.123461 s  4711  0xc000012340  map[int]int      done: after 3.0 µs, the 2 old "
            "buckets are released; B 2, 4 buckets, 14 keys, load factor 3.50\n");
}

TEST_F(LifeText, SaysWhyAClassicMapGrows) {
  EXPECT_EQ(words(tell(GM_RECORD_STARTED, GM_KIND_DOUBLE, 0, 8)),
            "mapassign: 8 keys + 1 > 8, the slots of the one bucket -> hashGrow: double, B 0 -> 1, "
            "1 -> 2 buckets, 288 B, by main.put /src/main.go:12\n");
  tell(GM_RECORD_FINISHED, GM_KIND_DOUBLE, 0, 8);
  event_.overflow_buckets = 17;
  EXPECT_EQ(words(tell(GM_RECORD_STARTED, GM_KIND_SAME_SIZE, 4, 90)),
            "mapassign: 17 overflow buckets >= 16 = 2^min(B, 15), and 90 keys + 1 within the load "
            "factor -> hashGrow: same_size, B stays 4, 16 buckets again, 2.6 KiB, by main.put "
            "/src/main.go:12\n");
}

TEST_F(LifeText, SaysWhyASwissMapGrows) {
  type_.shape.version = {26, 0};
  EXPECT_EQ(words(tell(GM_RECORD_STARTED, GM_KIND_TO_TABLE, 3, 8)),
            "mapassign: 8 keys fill the 8 slots of the one group -> growToTable: to_table, a table "
            "of 16 slots, 320 B, by main.put /src/main.go:12\n");
  EXPECT_EQ(
      words(tell(GM_RECORD_FINISHED, GM_KIND_TO_TABLE, 3, 0)),
      "    done: after 0 ns, the old group is released; 16 slots, 8 keys, load factor 0.50\n");
  EXPECT_EQ(words(tell(GM_RECORD_STARTED, GM_KIND_TABLE_DOUBLE, 6, 40)),
            "mapassign: growthLeft 0: 40 keys + 16 tombstones = 56 = 7/8 of 64 slots -> rehash -> "
            "grow: table_double, 64 -> 128 slots, 2.3 KiB, by main.put /src/main.go:12\n");
  tell(GM_RECORD_FINISHED, GM_KIND_TABLE_DOUBLE, 6, 0);
  event_.directory_doubles = true;
  EXPECT_EQ(words(tell(GM_RECORD_STARTED, GM_KIND_SPLIT, 10, 896)),
            "mapassign: growthLeft 0: 896 keys + 0 tombstones = 896 = 7/8 of 1,024 slots -> rehash "
            "-> split: 1,024 slots = maxTableCapacity -> two tables, 2,048 slots, 36.1 KiB, by "
            "main.put /src/main.go:12; localDepth = globalDepth, so the directory doubles\n");
  EXPECT_EQ(words(tell(GM_RECORD_FINISHED, GM_KIND_SPLIT, 10, 0)),
            "    done: after 0 ns, the old table of 1,024 slots is released; 2,048 slots in two "
            "tables, 896 keys, load factor 0.44\n");
}

TEST_F(LifeText, TellsPrunesThatAreNoGrowth) {
  event_.tombstones_removed = 128;
  EXPECT_EQ(words(tell(GM_RECORD_PRUNED, GM_KIND_UNKNOWN, 0, 0)),
            "mapassign: growthLeft 0 -> pruneTombstones: 128 removed, growthLeft 128: no growth\n");
}

TEST_F(LifeText, SaysWhatBeganBeforeTracing) {
  event_.bucket = 70;
  EXPECT_EQ(words(tell(GM_RECORD_EVACUATED, GM_KIND_DOUBLE, 7, 0)),
            "  evacuate: bucket 70; 1 of 128 old buckets moved since tracing began\n");
  EXPECT_EQ(tell(GM_RECORD_EVACUATED, GM_KIND_DOUBLE, 7, 0), "");
  event_.began_before = true;
  event_.duration_ns = 2'000'000;
  EXPECT_EQ(words(tell(GM_RECORD_FINISHED, GM_KIND_DOUBLE, 7, 900)),
            "    done: began before tracing, more than 2.0 ms ago, the 128 old buckets are "
            "released; B 8, 256 buckets, 900 keys, load factor 3.52\n");
  event_.address = 0;  // a Swiss map is not known then
  EXPECT_NE(tell(GM_RECORD_FINISHED, GM_KIND_SPLIT, 10, 0).find("  (not known)  "),
            std::string::npos);
}

TEST_F(LifeText, SaysThatAMapIsGone) {
  tell(GM_RECORD_STARTED, GM_KIND_DOUBLE, 5, 208);
  event_.identity = 2;
  const auto text = tell(GM_RECORD_STARTED, GM_KIND_DOUBLE, 0, 8);
  const auto second = text.substr(text.find('\n') + 1);
  EXPECT_EQ(words(text.substr(0, text.find('\n'))),
            "    no end was seen: the map was cleared or dropped before all had moved, or the "
            "record was lost");
  EXPECT_TRUE(words(second).starts_with(
      "another map is here now, or this one was emptied: its seed is a new one\n"))
      << second;
}

TEST_F(LifeText, EndsWithWhatIsNotDone) {
  lives_ = model::Lives({event_.address, 0xc0000aaaa0});
  tell(GM_RECORD_STARTED, GM_KIND_DOUBLE, 7, 832);
  event_.evacuated = 93;
  tell(GM_RECORD_EVACUATED, GM_KIND_DOUBLE, 7, 0);
  EXPECT_EQ(life_end_text(lives_, 7, kBegan, 1'123'456'000),
            "    1.123456 s  4711  0xc000012340  map[int]int      not done when tracing ended, 1.0 "
            "s later: still growing, or the map was cleared or dropped; 93 of 128 old buckets "
            "moved\n"
            "    1.123456 s  0xc0000aaaa0: no growth was seen there\n"
            "note: 7 records did not fit the ring: this trail has gaps\n");
}

TEST_F(LifeText, NamesTheProcess) {
  const model::Process process{41, "/usr/bin/server", "go1.24.1", go::Design::kSwiss};
  EXPECT_EQ(life_process_text(model::ProcessChange::kStarted, process, 0),
            "    0.000000 s  41  /usr/bin/server (go1.24.1, swiss maps) is traced\n");
}

TEST_F(LifeText, HoldsNothingThatATerminalWouldObey) {
  const std::string name(kHostileName);
  type_.name = name;
  stack_ = {{name, name, 1, false}};
  const model::Process process{41, name, name, go::Design::kSwiss};
  auto text = life_process_text(model::ProcessChange::kExited, process, 0);
  text += tell(GM_RECORD_STARTED, GM_KIND_DOUBLE, 5, 208);
  text += life_end_text(lives_, 0, kBegan, kBegan);
  for (const char one : text)
    EXPECT_TRUE(one == '\n' || static_cast<unsigned char>(one) >= ' ') << static_cast<int>(one);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
}

TEST_F(LifeText, SaysWhatItCanOfWhatIsNotKnown) {
  type_ = {};
  stack_ = {};
  EXPECT_EQ(tell(GM_RECORD_STARTED, GM_KIND_UNKNOWN, 0, 3),
            "    0.123457 s  4711  0xc000012340  (type not known)  mapassign: a growth of an "
            "unknown kind\n");
}

// --json: the same in further fields.

TEST_F(LifeText, AddsTheDecisionToJson) {
  tell(GM_RECORD_STARTED, GM_KIND_DOUBLE, 1, 13);
  const auto classic = step();
  EXPECT_EQ(json::parse(growth_json(event_, 1, &classic))["decision"],
            R"({"condition": "over_load_factor", "value": 14, "limit": 13, "keys_per_bucket": 6.5,
                "b": 1})"_json);
  event_.overflow_buckets = 4;
  tell(GM_RECORD_STARTED, GM_KIND_SAME_SIZE, 2, 20);
  const auto same_size = step();
  EXPECT_EQ(json::parse(growth_json(event_, 1, &same_size))["decision"],
            R"({"condition": "too_many_overflow_buckets", "value": 4, "limit": 4, "b": 2})"_json);
  tell(GM_RECORD_STARTED, GM_KIND_TO_TABLE, 3, 8);
  const auto small = step();
  EXPECT_EQ(json::parse(growth_json(event_, 1, &small))["decision"],
            R"({"condition": "small_map_full", "value": 8, "limit": 8})"_json);
  tell(GM_RECORD_STARTED, GM_KIND_SPLIT, 10, 890);
  const auto split = step();
  const auto line = json::parse(growth_json(event_, 1, &split));
  EXPECT_EQ(line["decision"],
            R"({"condition": "no_growth_left", "value": 896, "limit": 896, "tombstones": 6,
                "directory_doubles": false})"_json);
  EXPECT_EQ(line["another_map"], false);
  EXPECT_EQ(line["end_missing"], true);
}

TEST_F(LifeText, AddsWhatIsThereAfterwardsToJson) {
  tell(GM_RECORD_STARTED, GM_KIND_TABLE_DOUBLE, 4, 14);
  event_.what = GM_RECORD_FINISHED;
  event_.keys = 0;
  const auto ended = step();
  const auto line = json::parse(growth_json(event_, 1, &ended));
  EXPECT_EQ(line["keys_after"], 14);
  EXPECT_EQ(line["load_factor_after"], 14.0 / 32);
  EXPECT_FALSE(line.contains("decision"));
  const auto unseen = step();
  EXPECT_EQ(json::parse(growth_json(event_, 1, &unseen))["keys_after"], nullptr);
}

}  // namespace
}  // namespace gomapd::exporter
