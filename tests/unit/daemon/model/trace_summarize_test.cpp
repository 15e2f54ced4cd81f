// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include <gtest/gtest.h>

#include "tests/unit/daemon/model/fake_resolver.h"

namespace gomapd::model {
namespace {

constexpr std::uint64_t kIntType = 0x4a0000;
constexpr std::uint64_t kSwissType = 0x4b0000;

// What a test says of a counter; the rest is zero.
struct RowSpec {
  std::uint32_t pid = 41;
  gm_kind kind = GM_KIND_DOUBLE;
  std::uint8_t old_log2 = 0;
  std::uint64_t type = kIntType;
  std::uint64_t stack = 1;
  std::uint64_t started = 0;
  std::uint64_t finished = 0;
  std::uint64_t finished_only = 0;
  std::uint64_t duration_ns = 0;
  std::uint64_t max_duration_ns = 0;
  std::uint64_t max_keys = 0;
};

CounterRow row(const RowSpec& spec) {
  CounterRow row{};
  row.key = {.tgid = spec.pid,
             .kind = static_cast<__u8>(spec.kind),
             .old_log2 = spec.old_log2,
             .pad = 0,
             .type = spec.type,
             .stack = spec.stack};
  row.value.started = spec.started;
  row.value.finished = spec.finished;
  row.value.finished_only = spec.finished_only;
  row.value.duration_ns = spec.duration_ns;
  row.value.max_duration_ns = spec.max_duration_ns;
  row.value.max_keys = spec.max_keys;
  return row;
}

struct SeenSpec {
  std::uint64_t address = 0;
  std::uint64_t seed = 0;
  std::uint64_t goid = 1;
  std::uint64_t stack = 1;
  std::uint16_t flags = 0;
  std::uint32_t pid = 41;
};

gm_record seen(const SeenSpec& spec) {
  gm_record record{};
  record.kind = GM_RECORD_STARTED;
  record.tgid = spec.pid;
  record.go_map = spec.address;
  record.seed = spec.seed;
  record.goid = spec.goid;
  record.key.tgid = spec.pid;
  record.key.type = kIntType;
  record.key.stack = spec.stack;
  record.flags = spec.flags;
  return record;
}

class Summarize : public testing::Test {
 protected:
  Summarize() {
    resolver_.types[{0, kIntType}] = int_type();
    resolver_.types[{0, kSwissType}] = swiss_int_type();
    resolver_.stacks[{0, 1}] = {{"main.fill", "main.go", 12, true},
                                {"main.a", "main.go", 30, false}};
    resolver_.stacks[{0, 2}] = {{"main.fill", "main.go", 12, true},
                                {"main.b", "main.go", 40, false}};
    resolver_.stacks[{0, 3}] = {{"main.fill", "main.go", 13, true},
                                {"main.b", "main.go", 40, false}};
  }

  Summary summarize(const std::vector<CounterRow>& rows) {
    return model::summarize(rows, processes_, seen_, resolver_);
  }

  FakeResolver resolver_;
  std::vector<Process> processes_{{41, "/bin/one", "go1.21.0", go::Design::kClassic},
                                  {42, "/bin/two", "go1.24.0", go::Design::kSwiss}};
  SeenMaps seen_;
};

TEST_F(Summarize, IsEmptyButForItsProcessesWithoutCounters) {
  const auto summary = summarize({});
  EXPECT_EQ(summary.counts.started, 0U);
  EXPECT_TRUE(summary.sites.empty());
  EXPECT_TRUE(summary.go_maps_exact);
  ASSERT_EQ(summary.processes.size(), 2U);
  EXPECT_EQ(summary.processes[0].process.exe, "/bin/one");
  EXPECT_EQ(summary.processes[1].counts.started, 0U);
}

TEST_F(Summarize, AddsUpCountsCostAndKinds) {
  const auto summary = summarize({
      row({.old_log2 = 0, .started = 3, .finished = 2, .duration_ns = 70, .max_duration_ns = 60}),
      row({.old_log2 = 1, .started = 1, .finished = 1, .duration_ns = 500, .max_duration_ns = 500}),
      row({.kind = GM_KIND_SAME_SIZE, .old_log2 = 2, .started = 2}),
  });
  EXPECT_EQ(summary.counts.started, 6U);
  EXPECT_EQ(summary.counts.finished, 3U);
  EXPECT_EQ(summary.counts.in_progress(), 3U);
  EXPECT_EQ(summary.cost.bytes, 3U * 288U + 576U + 2U * 576U);
  EXPECT_EQ(summary.cost.growing_ns, 570U);
  EXPECT_EQ(summary.cost.slowest_ns, 500U);
  EXPECT_EQ(summary.by_kind.at(GM_KIND_DOUBLE), 4U);
  EXPECT_EQ(summary.by_kind.at(GM_KIND_SAME_SIZE), 2U);
}

TEST_F(Summarize, AddsUpMovedBucketsAndTombstones) {
  auto first = row({.old_log2 = 2, .started = 1});
  first.value.evacuated = 4;
  auto second = row({.pid = 42, .kind = GM_KIND_UNKNOWN, .stack = 0});
  second.value.pruned = 7;
  const auto summary = summarize({first, second});
  EXPECT_EQ(summary.counts.evacuated, 4U);
  EXPECT_EQ(summary.counts.pruned, 7U);
  EXPECT_EQ(summary.processes[0].counts.evacuated, 4U);
  EXPECT_EQ(summary.processes[1].counts.pruned, 7U);
  EXPECT_EQ(summary.sites.size(), 1U);
}

TEST_F(Summarize, KeepsProcessesApart) {
  const auto summary = summarize({
      row({.pid = 41, .started = 3}),
      row({.pid = 42, .kind = GM_KIND_TO_TABLE, .old_log2 = 3, .type = kSwissType, .started = 5}),
  });
  EXPECT_EQ(summary.counts.started, 8U);
  EXPECT_EQ(summary.processes[0].counts.started, 3U);
  EXPECT_EQ(summary.processes[0].cost.bytes, 3U * 288U);
  EXPECT_EQ(summary.processes[0].by_kind.at(GM_KIND_DOUBLE), 3U);
  EXPECT_EQ(summary.processes[0].by_kind.at(GM_KIND_TO_TABLE), 0U);
  EXPECT_EQ(summary.processes[1].counts.started, 5U);
  EXPECT_EQ(summary.processes[1].cost.bytes, 5U * 320U);
  EXPECT_EQ(summary.processes[1].by_kind.at(GM_KIND_TO_TABLE), 5U);
}

TEST_F(Summarize, CountsAProcessThatNobodyNamedInTheTotal) {
  const auto summary = summarize({row({.pid = 99, .started = 4})});
  EXPECT_EQ(summary.counts.started, 4U);
  EXPECT_EQ(summary.processes[0].counts.started + summary.processes[1].counts.started, 0U);
  ASSERT_EQ(summary.sites.size(), 1U);
  EXPECT_EQ(summary.sites[0].counts.started, 4U);
}

TEST_F(Summarize, CountsGrowthsThatOnlyEndedHereWithoutASite) {
  const auto summary = summarize({row({.stack = 0, .finished_only = 2})});
  EXPECT_EQ(summary.counts.started, 0U);
  EXPECT_EQ(summary.counts.finished, 0U);
  EXPECT_EQ(summary.counts.finished_only, 2U);
  EXPECT_EQ(summary.counts.in_progress(), 0U);
  EXPECT_EQ(summary.processes[0].counts.finished_only, 2U);
  EXPECT_EQ(summary.cost.bytes, 0U);
  EXPECT_TRUE(summary.sites.empty());
}

TEST(Counts, NeverHaveFewerThanNoGrowthsInProgress) {
  EXPECT_EQ((Counts{.started = 5, .finished = 3, .finished_only = 9}.in_progress()), 2U);
  EXPECT_EQ((Counts{.started = 3, .finished = 5, .finished_only = 0}.in_progress()), 0U);
}

TEST_F(Summarize, MergesStacksWithTheSameInnermostFrame) {
  const auto summary = summarize({
      row({.stack = 1, .started = 3, .max_keys = 13}),
      row({.stack = 2, .started = 4, .max_keys = 52}),
      row({.pid = 42, .stack = 2, .started = 1, .max_keys = 6}),
  });
  ASSERT_EQ(summary.sites.size(), 1U);
  const auto& site = summary.sites[0];
  EXPECT_EQ(site.function, "main.fill");
  EXPECT_EQ(site.file, "main.go");
  EXPECT_EQ(site.line, 12);
  EXPECT_EQ(site.type, "map[int64]int64");
  EXPECT_EQ(site.counts.started, 8U);
  EXPECT_EQ(site.cost.bytes, 8U * 288U);
  EXPECT_EQ(site.max_keys, 52U);
}

TEST_F(Summarize, TakesTheProgramsOwnFrameForTheSite) {
  auto& stack = resolver_.stacks[{0, 1}];
  stack.insert(stack.begin(), {"runtime.mapassign", "map.go", 600, false});
  stack.front().runtime_map = true;
  const auto summary = summarize({row({.stack = 1, .started = 3})});
  ASSERT_EQ(summary.sites.size(), 1U);
  EXPECT_EQ(summary.sites[0].function, "main.fill");
}

TEST_F(Summarize, TellsSitesApartByLineAndByType) {
  const auto summary = summarize({
      row({.stack = 1, .started = 3}),
      row({.stack = 3, .started = 1}),
      row({.type = 0, .stack = 1, .started = 2}),
      row({.stack = 0, .started = 5}),
  });
  ASSERT_EQ(summary.sites.size(), 4U);
  EXPECT_EQ(summary.sites[0].function, "");
  EXPECT_EQ(summary.sites[0].counts.started, 5U);
  EXPECT_EQ(summary.sites[1].line, 12);
  EXPECT_EQ(summary.sites[1].counts.started, 3U);
  EXPECT_EQ(summary.sites[2].type, std::nullopt);
  EXPECT_EQ(summary.sites[2].cost.bytes, 0U);
  EXPECT_EQ(summary.sites[3].line, 13);
}

TEST_F(Summarize, TakesCountersOfUnknownKindsAndSizes) {
  auto strange = row({.old_log2 = 255, .started = 2});
  strange.key.kind = 200;
  const auto summary = summarize({strange});
  EXPECT_EQ(summary.counts.started, 2U);
  EXPECT_EQ(summary.by_kind.at(GM_KIND_UNKNOWN), 2U);
  EXPECT_EQ(summary.cost.bytes, 0U);
}

TEST_F(Summarize, CountsMapsByAddressAndSeed) {
  seen_.add(seen({.address = 0xc000, .seed = 1}));
  seen_.add(seen({.address = 0xc000, .seed = 1}));  // grew again
  seen_.add(seen({.address = 0xc000, .seed = 2}));  // another one, later
  seen_.add(seen({.address = 0xd000, .seed = 1}));
  seen_.add(seen({.address = 0xc000, .seed = 1, .pid = 42}));
  EXPECT_EQ(summarize({row({.started = 5})}).sites[0].go_maps, 4U);
}

TEST_F(Summarize, CountsAMapOnAGoroutinesStackByItsGoroutine) {
  seen_.add(seen({.address = 0xc000, .seed = 1, .goid = 7, .flags = GM_FLAG_ON_STACK}));
  seen_.add(seen({.address = 0xe000, .seed = 1, .goid = 7, .flags = GM_FLAG_ON_STACK}));
  seen_.add(seen({.address = 0xc000, .seed = 1, .goid = 8, .flags = GM_FLAG_ON_STACK}));
  EXPECT_EQ(summarize({row({.started = 3})}).sites[0].go_maps, 2U);
}

TEST_F(Summarize, CountsAMapOnceThatGrewUnderSeveralStacksOfASite) {
  seen_.add(seen({.address = 0xc000, .seed = 1, .stack = 1}));
  seen_.add(seen({.address = 0xc000, .seed = 1, .stack = 2}));
  seen_.add(seen({.address = 0xc000, .seed = 1, .stack = 3}));
  const auto summary =
      summarize({row({.stack = 1, .started = 2}), row({.stack = 3, .started = 1})});
  ASSERT_EQ(summary.sites.size(), 2U);
  EXPECT_EQ(summary.sites[0].go_maps, 1U);
  EXPECT_EQ(summary.sites[1].go_maps, 1U);
}

TEST(SeenMaps, StopsAtItsLimitAndSaysSo) {
  SeenMaps seen_maps;
  for (std::uint64_t i = 0; i < SeenMaps::kLimit; ++i) seen_maps.add(seen({.address = 64 * i}));
  EXPECT_TRUE(seen_maps.is_full());
  seen_maps.add(seen({.address = 64 * SeenMaps::kLimit}));
  ASSERT_EQ(seen_maps.by_key().size(), 1U);
  EXPECT_EQ(seen_maps.by_key().begin()->second.size(), SeenMaps::kLimit);
  FakeResolver resolver;
  EXPECT_FALSE(summarize({}, {}, seen_maps, resolver).go_maps_exact);
}

}  // namespace
}  // namespace gomapd::model
