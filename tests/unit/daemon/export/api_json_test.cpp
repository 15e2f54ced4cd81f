// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/api_json.h"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>

namespace gomapd::exporter {
namespace {

using Json = nlohmann::json;

class ApiJson : public testing::Test {
 protected:
  ApiJson() {
    state_.time_ns = 99;
    state_.began_ns = 11;
    state_.running_ns = 12;
    auto& server = state_.workloads.emplace_back();
    server.identity = {.exe = "server", .unit = "a.service", .container_id = ""};
    server.processes.push_back({7, "go1.26", 22});
    auto& totals = server.by_design[go::Design::kSwiss];
    totals.growths.at(GM_KIND_SPLIT) = 3;
    totals.growths.at(GM_KIND_TO_TABLE) = 4;
    totals.estimated = 100;
    totals.durations.counts[1] = 7;
    server.growths_per_second = 1.00004;
    server.storm = true;
    server.history = {{50, 2}, {60, 1}};
    auto& other = state_.workloads.emplace_back();
    other.identity.exe = "\x1b[31m\xff";
    other.by_design[go::Design::kClassic].growths.at(GM_KIND_DOUBLE) = 1;
    other.history = {{60, 5}};
    model::HostSite site;
    site.function = "main.f";
    site.file = "f.go";
    site.line = 3;
    site.map_type = "map[int]int";
    site.growths = 7;
    state_.sites.push_back(site);
    site.workload = 1;
    site.growths = 9;
    site.map_type = "";
    site.tracked = model::TrackedMaps{.sampled = 2, .keys = 5, .load_factor = 6.5};
    state_.sites.push_back(site);
    model::LiveMap live;
    live.pid = 7;
    live.address = 0xc000001000;
    live.design = go::Design::kSwiss;
    live.keys = 3;
    live.buckets = 8;
    state_.live_maps.push_back(live);
  }

  void grow(std::size_t workload, const model::Stack& frames, std::uint64_t growths) {
    model::HostStack stack;
    stack.workload = workload;
    stack.stack = std::make_shared<model::Stack>(frames);
    auto type = std::make_shared<model::TypeInfo>();
    type->name = "map[int]int";
    stack.type = type;
    stack.growths = growths;
    stack.bytes = 10 * growths;
    state_.stacks.push_back(stack);
  }
  static symbol::Frame frame(const std::string& function, std::int32_t line) {
    symbol::Frame one;
    one.function = function;
    one.file = "f.go";
    one.line = line;
    return one;
  }

  model::HostState state_;
};

TEST_F(ApiJson, TellsOfTheHost) {
  state_.processes_failed = 2;
  state_.attach_failures["malformed"] = 2;
  const auto json = Json::parse(api_status(state_));
  EXPECT_EQ(json["time_ns"], 99);
  EXPECT_EQ(json["began_ns"], 11);
  EXPECT_EQ(json["running_ns"], 12);
  EXPECT_EQ(json["growths"], 8);
  EXPECT_EQ(json["storms"], 1);
  EXPECT_EQ(json["processes"]["failed"], 2);
  EXPECT_EQ(json["attach_failures"]["malformed"], 2);
  EXPECT_EQ(json["history"], Json::parse("[[50,2.0],[60,6.0]]"));
}

TEST_F(ApiJson, TellsOfWorkloads) {
  const auto json = Json::parse(api_workloads(state_))["workloads"];
  ASSERT_EQ(json.size(), 2);
  EXPECT_EQ(json[0]["exe"], "server");
  EXPECT_EQ(json[0]["growths"], 7);
  EXPECT_EQ(json[0]["estimated_growths"], 100);
  EXPECT_EQ(json[0]["by_kind"], Json::parse(R"({"to_table":4,"split":3})"));
  EXPECT_EQ(json[0]["impl"], Json::parse(R"(["swiss"])"));
  EXPECT_EQ(json[0]["processes"][0],
            Json::parse(R"({"pid":7,"go_version":"go1.26","since_ns":22})"));
  EXPECT_EQ(json[0]["growths_per_second"], 1.0);
  EXPECT_TRUE(json[0]["pid"].is_null());
  EXPECT_EQ(json[0]["durations"]["counts"][1], 7);
  EXPECT_EQ(json[0]["durations"]["bounds_ns"].size() + 1, json[0]["durations"]["counts"].size());
  // What a target is called can't harm a terminal, nor be no UTF-8.
  EXPECT_EQ(json[1]["exe"], "\\x1b[31m\\xff");
}

TEST_F(ApiJson, TellsWorkloadsApart) {
  EXPECT_EQ(workload_id(state_.workloads[0]).size(), 16);
  EXPECT_EQ(find_workload(state_, workload_id(state_.workloads[1])), 1);
  EXPECT_EQ(find_workload(state_, "0"), std::nullopt);
  // What belongs to one field is not taken for another's.
  model::Workload one;
  one.identity = {.exe = "a", .unit = "b", .container_id = ""};
  model::Workload other;
  other.identity = {.exe = "ab", .unit = "", .container_id = ""};
  EXPECT_NE(workload_id(one), workload_id(other));
}

TEST_F(ApiJson, TellsOfSitesMostGrowthsFirst) {
  auto json = Json::parse(api_sites(state_, std::nullopt))["sites"];
  ASSERT_EQ(json.size(), 2);
  EXPECT_EQ(json[0]["growths"], 9);
  EXPECT_TRUE(json[0]["map_type"].is_null());
  EXPECT_EQ(json[0]["tracked"]["maps"], 2);
  EXPECT_EQ(json[0]["tracked"]["load_factor"], 6.5);
  EXPECT_EQ(json[1]["map_type"], "map[int]int");
  EXPECT_TRUE(json[1]["tracked"].is_null());
  json = Json::parse(api_sites(state_, 0))["sites"];
  ASSERT_EQ(json.size(), 1);
  EXPECT_EQ(json[0]["workload"], workload_id(state_.workloads[0]));
}

TEST_F(ApiJson, TellsOfLiveMaps) {
  const auto json = Json::parse(api_live_maps(state_, std::nullopt))["maps"];
  ASSERT_EQ(json.size(), 1);
  EXPECT_EQ(json[0]["map"], "0xc000001000");
  EXPECT_EQ(json[0]["impl"], "swiss");
  EXPECT_TRUE(Json::parse(api_live_maps(state_, 1))["maps"].empty());
}

TEST_F(ApiJson, MergesStacksFromTheOutermostOn) {
  grow(0, {frame("main.f", 3), frame("main.main", 8)}, 2);
  grow(0, {frame("main.g", 4), frame("main.main", 9)}, 5);
  grow(1, {frame("main.f", 3), frame("main.main", 8)}, 1);
  auto root = Json::parse(api_flamegraph(state_, {}))["root"];
  EXPECT_EQ(root["growths"], 8);
  EXPECT_EQ(root["bytes"], 80);
  ASSERT_EQ(root["children"].size(), 1);
  EXPECT_EQ(root["children"][0]["name"], "main.main");
  ASSERT_EQ(root["children"][0]["children"].size(), 2);
  const auto leaf = root["children"][0]["children"][0]["children"][0];
  EXPECT_EQ(leaf["name"], "map[int]int");
  EXPECT_EQ(leaf["kind"], "map_type");
  EXPECT_EQ(leaf["growths"], 3);

  const auto growths = [&](const SiteFilter& filter) {
    return Json::parse(api_flamegraph(state_, filter))["root"]["growths"].get<int>();
  };
  EXPECT_EQ(growths({.workload = 0}), 7);
  EXPECT_EQ(growths({.function = "main.f"}), 3);
  EXPECT_EQ(growths({.function = "main.f", .line = 4}), 0);
  EXPECT_EQ(growths({.workload = 0, .file = "f.go", .line = 4}), 5);
  EXPECT_EQ(growths({.map_type = "map[string]int"}), 0);
}

TEST_F(ApiJson, ShowsAMap) {
  auto json = Json::parse(api_picture(state_, nullptr, nullptr));
  EXPECT_EQ(json, Json::parse(R"({"time_ns":99,"pending":true})"));
  auto live = state_.live_maps[0];
  json = Json::parse(api_picture(state_, &live, std::make_unique<model::GoMapPicture>().get()));
  EXPECT_EQ(json["groups"], Json::parse(R"({"capacity":8,"used":3})"));
  EXPECT_TRUE(json["current"].is_null());

  live.design = go::Design::kClassic;
  model::GoMapPicture picture;
  picture.current = {.buckets = 2, .cells = {{.filled = 0.5}, {.filled = 1, .overflow = 2}}};
  picture.old = {.buckets = 1, .cells = {{.moved = 1}}};
  json = Json::parse(api_picture(state_, &live, &picture));
  EXPECT_EQ(json["current"], Json::parse(R"({"buckets":2,"cells":[[0.5,0.0,0.0],[1.0,0.0,2.0]]})"));
  EXPECT_EQ(json["old"], Json::parse(R"({"buckets":1,"cells":[[0.0,1.0,0.0]]})"));
  EXPECT_EQ(json["is_same_size"], false);
  EXPECT_TRUE(json["groups"].is_null());
}

}  // namespace
}  // namespace gomapd::exporter
