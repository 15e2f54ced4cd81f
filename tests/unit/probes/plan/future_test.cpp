// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// Programs of a Go release that does not exist yet: real ones that say so, as
// they are, and with one fact changed at a time.
#include <fmt/core.h>

#include <algorithm>

#include "probes/plan/plan.h"
#include "tests/support/patch.h"
#include "tests/unit/probes/plan/go_file.h"

namespace gomapd::test {
namespace {

using namespace std::string_view_literals;

std::string describe(const ProbeSite& site) {
  const auto kernel = std::as_bytes(std::span(&site.kernel, 1));
  std::string text =
      fmt::format("{} {} {:#x} {}", site.function, site.inlined, site.address, site.instruction);
  for (const auto byte : kernel) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

std::vector<std::string> plan_of(Bytes file) {
  const auto binary = analyse(file);
  EXPECT_TRUE(binary) << binary.error().context;
  if (!binary) return {};
  EXPECT_EQ(binary->refusal, "");
  std::vector<std::string> sites;
  for (const auto& site : binary->sites) sites.push_back(describe(site));
  return sites;
}

class Future : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::string missing;
    file_ = truth_program("1.27", {}, missing);
    if (!file_) GTEST_SKIP() << missing;
  }

  [[nodiscard]] std::string refusal() const {
    const auto binary = analyse(file_->bytes());
    return binary ? binary->refusal : binary.error().context;
  }

  std::optional<GoFile> file_;
};

TEST_P(Future, IsPlannedAsTheNewestThatIsKnown) {
  const auto expected = plan_of(file_->bytes());
  EXPECT_FALSE(expected.empty());
  ASSERT_TRUE(set_go_version(file_->bytes(), GetParam()));
  EXPECT_EQ(plan_of(file_->bytes()), expected);
  const auto binary = analyse(file_->bytes());
  ASSERT_TRUE(binary);
  EXPECT_TRUE(binary->version_assumed);
  EXPECT_EQ(binary->build_info.version, GetParam());
  EXPECT_EQ(binary->version, (go::Version{27, 0}));
}

INSTANTIATE_TEST_SUITE_P(Versions, Future,
                         testing::Values("go1.28.0", "go1.28-X:foo", "go1.29rc1",
                                         "devel go1.28-abcdef0123 Mon Nov 2 10:00:00 2026 +0000",
                                         "go1.100"),
                         [](const auto& test) { return "v" + std::to_string(test.index); });

// Go 1.26 looks like 1.27 to pclntab, and has other map types.
TEST(FutureOfAnotherRelease, IsRefusedByItsMapTypes) {
  std::string missing;
  auto file = truth_program("1.26", {}, missing);
  if (!file) GTEST_SKIP() << missing;
  ASSERT_TRUE(set_go_version(file->bytes(), "go1.28.0"));
  const auto binary = analyse(file->bytes());
  ASSERT_TRUE(binary) << binary.error().context;
  EXPECT_TRUE(binary->sites.empty());
  EXPECT_NE(binary->refusal.find("map"), std::string::npos) << binary->refusal;
}

TEST(FutureOfAnotherRelease, IsRefusedWithClassicMaps) {
  std::string missing;
  auto file = truth_program("1.23", {}, missing);
  if (!file) GTEST_SKIP() << missing;
  ASSERT_TRUE(set_go_version(file->bytes(), "go1.28.0"));
  const auto binary = analyse(file->bytes());
  ASSERT_TRUE(binary) << binary.error().context;
  EXPECT_TRUE(binary->sites.empty());
  EXPECT_NE(binary->refusal.find("classic"), std::string::npos) << binary->refusal;
}

// One fact of the code changed, and what the refusal must name.
struct Change {
  std::string name;
  std::string_view function;
  std::string_view from;
  std::string_view to;
  std::string reason;
};

constexpr auto kRehashFunction = "internal/runtime/maps.(*table).rehash"sv;
constexpr auto kToTable = "internal/runtime/maps.(*Map).growToTable"sv;
constexpr auto kInstall = "internal/runtime/maps.(*Map).installTableSplit"sv;
constexpr auto kUnchecked = "internal/runtime/maps.(*table).uncheckedPutSlot"sv;

const std::vector<Change>& changes() {
  static const std::vector<Change> kChanges = {
      {"limit", kRehashFunction, "\x66\x81\xff\x00\x04"sv, "\x66\x81\xff\x00\x08"sv, "1024 slots"},
      {"limit_reached", kRehashFunction, "\x66\x81\xff\x00\x04\x77"sv, "\x66\x81\xff\x00\x04\x73"sv,
       "1024 slots"},
      {"capacity", kRehashFunction, "\x0f\xb7\x50\x02"sv, "\x0f\xb7\x50\x04"sv, "1024 slots"},
      {"g", kRehashFunction, "\x49\x3b\x66\x10"sv, "\x49\x3b\x66\x18"sv, "g in r14"},
      {"table_size", kToTable, "\xbb\x10\x00\x00\x00"sv, "\xbb\x20\x00\x00\x00"sv, "16 slots"},
      {"dir_len", kToTable, "\x48\xc7\x42\x18\x01"sv, "\x48\xc7\x42\x28\x01"sv, "Map.dirLen"},
      {"dir_ptr", kToTable, "\x48\x89\x42\x10"sv, "\x48\x89\x42\x28"sv, "Map.dirPtr"},
      {"depth", kToTable, "\xc6\x42\x20\x00"sv, "\xc6\x42\x22\x00"sv, "Map.globalDepth"},
      {"shift", kToTable, "\xc6\x42\x21\x40"sv, "\xc6\x42\x26\x40"sv, "Map.globalShift"},
      {"seed", kToTable, "\x48\x8b\x5a\x08"sv, "\x48\x8b\x5a\x28"sv, "Map.seed"},
      {"hasher", kToTable, "\x48\x8b\x49\x48"sv, "\x48\x8b\x49\x50"sv, "hash function"},
      {"local_depth", kInstall, "\x0f\xb6\x53\x06"sv, "\x0f\xb6\x53\x07"sv, "table.localDepth"},
      {"used", kUnchecked, "\x66\x89\x08"sv, "\x66\x89\x0b"sv, "table.used"},
      {"growth_left", kUnchecked, "\x66\x89\x48\x04"sv, "\x66\x89\x48\x02"sv, "table.growthLeft"},
      {"full", "internal/runtime/maps.(*table).reset"sv, "\x66\x81\xf9\x92\x24"sv,
       "\x66\x81\xf9\x00\x20"sv, "7/8"},
      {"layout", kUnchecked, "\x66\x83\x78\x04"sv, "\x66\x83\x78\x05"sv, "no such field"},
      {"goid", "runtime.goroutineheader"sv, "\x48\x8b\x80\x98\x00\x00\x00"sv,
       "\x48\x8b\x80\xa0\x00\x00\x00"sv, "the goroutine's number"},
  };
  return kChanges;
}

class FutureWithAChange : public testing::TestWithParam<Change> {};

TEST_P(FutureWithAChange, IsRefusedForIt) {
  const auto& change = GetParam();
  std::string missing;
  auto file = truth_program("1.27", {}, missing);
  if (!file) GTEST_SKIP() << missing;
  ASSERT_NO_FATAL_FAILURE(file->patch(change.function, change.from, change.to));
  // A known release that contradicts itself is refused as well.
  for (const auto* version : {"go1.27.4", "go1.28.0"}) {
    ASSERT_TRUE(set_go_version(file->bytes(), version));
    const auto binary = analyse(file->bytes());
    ASSERT_TRUE(binary) << binary.error().context;
    EXPECT_TRUE(binary->sites.empty()) << version;
    EXPECT_FALSE(binary->version_assumed);
    EXPECT_NE(binary->refusal.find(change.reason), std::string::npos)
        << version << ": " << binary->refusal;
  }
}

INSTANTIATE_TEST_SUITE_P(Facts, FutureWithAChange, testing::ValuesIn(changes()),
                         [](const auto& test) { return test.param.name; });

// A caller that no known release has: a way to grow that no probe would see.
TEST(FutureWithANewGrowth, IsRefusedForIt) {
  std::string missing;
  auto file = truth_program("1.27", {}, missing);
  if (!file) GTEST_SKIP() << missing;
  const auto from = file->find("main.main");
  const auto to = file->find("internal/runtime/maps.newTable");
  ASSERT_TRUE(from && to);
  const auto distance = static_cast<std::int32_t>(to->address - from->address - 5);
  file->bytes()[from->begin] = std::byte{0xe8};
  std::memcpy(file->bytes().data() + from->begin + 1, &distance, sizeof(distance));
  ASSERT_TRUE(set_go_version(file->bytes(), "go1.28.0"));
  const auto binary = analyse(file->bytes());
  ASSERT_TRUE(binary) << binary.error().context;
  EXPECT_NE(binary->refusal.find("main.main calls"), std::string::npos) << binary->refusal;
}

}  // namespace
}  // namespace gomapd::test
