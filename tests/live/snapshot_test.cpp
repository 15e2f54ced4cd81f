// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// Maps that are read while they are written: each state that is reported must be
// one that the program, by its own account, was in meanwhile.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "daemon/app/snapshot.h"
#include "tests/live/lab.h"
#include "tests/live/report.h"
#include "tests/live/run.h"

namespace gomapd::live {
namespace {

// As in go/snapshot/main.go.
constexpr std::size_t kRegions = 6;
constexpr std::size_t kHeadBytes = 4096;
constexpr std::size_t kRingStates = 1U << 15U;

struct Head {
  std::atomic<std::uint64_t> states;
  std::atomic<std::uint64_t> address;
  std::atomic<std::uint64_t> seed;
  std::uint64_t unit;
  std::uint64_t design;
};

struct State {
  std::uint64_t address;
  std::uint64_t keys;
  std::uint64_t size;
  std::uint64_t more;
  std::uint64_t extra;
  std::uint64_t digest;
  std::uint64_t known;
  std::uint64_t pad;
};
static_assert(sizeof(State) == 64);

constexpr std::size_t kRegionBytes = kHeadBytes + kRingStates * sizeof(State);

// What the program tells, in memory that it shares.
class Account {
 public:
  explicit Account(const std::filesystem::path& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    base_ = mmap(nullptr, kRegions * kRegionBytes, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
  }
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;
  ~Account() { munmap(base_, kRegions * kRegionBytes); }

  [[nodiscard]] const Head& head(std::size_t region) const {
    return *reinterpret_cast<const Head*>(at(region));
  }
  [[nodiscard]] const State& state(std::size_t region, std::uint64_t number) const {
    const auto* const ring = reinterpret_cast<const State*>(at(region) + kHeadBytes);
    return ring[number % kRingStates];
  }
  // Which map the region is of; nothing while that changes.
  [[nodiscard]] std::optional<model::GoMapPlace> place(std::size_t region) const {
    const auto& now = head(region);
    model::GoMapPlace place;
    place.address = now.address;
    place.seed = now.seed;
    place.design = now.design == 1 ? go::Design::kSwiss : go::Design::kClassic;
    place.shape.unit_bytes = now.unit;
    place.shape.version.minor = 24;  // counts for bytes alone
    if (place.address == 0 || now.address != place.address) return std::nullopt;
    return place;
  }

 private:
  [[nodiscard]] const std::byte* at(std::size_t region) const {
    return static_cast<const std::byte*>(base_) + region * kRegionBytes;
  }
  void* base_;
};

std::uint64_t digest_of(const std::vector<std::uint64_t>& histogram) {
  std::uint64_t digest = 0;
  for (const auto n : histogram) digest = digest * 1000003 + n;
  return digest;
}

// Whether the report tells of this state.
bool tells_of(const model::GoMapPlace& place, const model::GoMapState& told, const State& state) {
  if (state.address != place.address || state.keys != told.keys) return false;
  if (state.known == 0) return true;
  if (place.design == go::Design::kClassic) {
    const auto& classic = told.classic;
    return classic.b == state.size && classic.overflow_buckets == state.more &&
           classic.evacuated_buckets == state.extra &&
           digest_of(classic.overflow_chains) == state.digest;
  }
  const auto& swiss = told.swiss;
  if (swiss.tables != state.size || swiss.slots != state.more) return false;
  if (!swiss.contents) return true;
  return swiss.contents->tombstones == state.extra &&
         digest_of(swiss.contents->groups_by_keys) == state.digest;
}

struct Tally {
  std::uint64_t read = 0;
  std::uint64_t right = 0;
  std::uint64_t retries = 0;
  std::uint64_t whole = 0;     // Swiss: with contents
  std::uint64_t changing = 0;  // the program published states meanwhile
  std::uint64_t growing = 0;
  std::uint64_t unchecked = 0;  // the ring went round meanwhile
  std::map<std::string_view, std::uint64_t> torn;
  std::string first_wrong;
};

std::string text_of(const model::GoMapState& told) {
  std::string text = "keys " + std::to_string(told.keys) + " B " + std::to_string(told.classic.b) +
                     " overflow " + std::to_string(told.classic.overflow_buckets) + " moved " +
                     std::to_string(told.classic.evacuated_buckets) + " of " +
                     std::to_string(told.classic.old_buckets) + " tables " +
                     std::to_string(told.swiss.tables) + " slots " +
                     std::to_string(told.swiss.slots);
  if (told.swiss.contents) text += " tombstones " + std::to_string(told.swiss.contents->tombstones);
  return text;
}

std::string text_of(const State& state) {
  return "keys " + std::to_string(state.keys) + " size " + std::to_string(state.size) + " more " +
         std::to_string(state.more) + " extra " + std::to_string(state.extra) + " known " +
         std::to_string(state.known) + "; ";
}

// One attempt, and its judgement.
void try_region(pid_t pid, const Account& account, std::size_t region, Tally& tally) {
  const auto& head = account.head(region);
  const auto first = head.states.load();
  const auto place = account.place(region);
  if (!place || first == 0) return;
  model::SnapshotLimits limits;
  limits.max_retries = 0;
  const auto snapshot = app::read_go_map(pid, *place, limits);
  const auto last = head.states.load();
  if (snapshot.outcome != model::SnapshotOutcome::kRead) {
    ++tally.retries;
    ++tally.torn[snapshot.reason];
    return;
  }
  ++tally.read;
  tally.whole += snapshot.state.swiss.contents ? 1 : 0;
  tally.changing += last != first ? 1 : 0;
  tally.growing += snapshot.state.classic.old_buckets != 0 ? 1 : 0;
  const auto is_right = [&](std::uint64_t end) {
    for (auto number = first - 1; number < end; ++number)
      if (tells_of(*place, snapshot.state, account.state(region, number))) return true;
    return false;
  };
  bool right = is_right(last);
  if (!right) {
    // The operation that was under way may have been done, and not yet told of.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (head.states.load() == last && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    right = is_right(last + 1);
  }
  if (head.states.load() - first > kRingStates / 2) {
    ++tally.unchecked;
    return;
  }
  tally.right += right ? 1 : 0;
  if (right || !tally.first_wrong.empty()) return;
  tally.first_wrong =
      "region " + std::to_string(region) + ": told " + text_of(snapshot.state) + "; was ";
  for (auto number = first - 1; number < std::min(last + 1, first + 9); ++number)
    tally.first_wrong += text_of(account.state(region, number));
}

// Snapshots to take of each build: GOMAPD_SNAPSHOTS, else 10,000.
std::uint64_t wanted() {
  const char* const text = std::getenv("GOMAPD_SNAPSHOTS");  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? 10'000 : std::strtoull(text, nullptr, 10);
}

class SnapshotOf : public testing::TestWithParam<Build> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    GOMAPD_BUILD_OR_SKIP(GetParam());
    const auto built = build_go(GetParam(), source_folder() / "tests/live/go/snapshot");
    ASSERT_TRUE(built) << built.error();
    program_ = *built;
  }

  std::filesystem::path program_;
  ScratchFolder folder_;
};

TEST_P(SnapshotOf, MapsUnderWritesIsAlwaysAStateTheyWereIn) {
  Child program({program_, folder_ / "states", "churn"});
  ASSERT_TRUE(program.wait_for_output("ready\n")) << program.errors();
  const Account account(folder_ / "states");
  Tally tally;
  const auto patience = std::chrono::steady_clock::now() + kPatience;
  std::array<std::uint64_t, kRegions> seen{};
  for (std::uint64_t i = 0; tally.read < wanted(); ++i) {
    ASSERT_LT(std::chrono::steady_clock::now(), patience) << tally.read << " could be read";
    // Mostly those that are being written just now.
    const auto region = i % kRegions;
    const auto states = account.head(region).states.load();
    const bool is_written = std::exchange(seen.at(region), states) != states;
    if (is_written || i % 64 == 0) try_region(program.pid(), account, region, tally);
  }
  ASSERT_TRUE(program.running()) << program.errors();
  RecordProperty("read", static_cast<int>(tally.read));
  RecordProperty("retries", static_cast<int>(tally.retries));
  std::cout << "snapshots " << tally.read << ", right " << tally.right << ", retries "
            << tally.retries << ", changed meanwhile " << tally.changing << ", with contents "
            << tally.whole << ", growing " << tally.growing << ", unchecked " << tally.unchecked
            << '\n';
  for (const auto& [reason, count] : tally.torn)
    std::cout << "  retried: " << (reason.empty() ? "gone" : reason) << ": " << count << '\n';
  EXPECT_EQ(tally.right + tally.unchecked, tally.read) << tally.first_wrong;
  EXPECT_LT(tally.unchecked, tally.read / 10);
  EXPECT_GT(tally.changing, 0U);
}

TEST_P(SnapshotOf, MapsAtRestIsTheirState) {
  Child program({program_, folder_ / "states", "quiet"});
  ASSERT_TRUE(program.wait_for_output("ready\n")) << program.errors();
  Child gomapd(
      {gomapd_path(), "snapshot", "-p", std::to_string(program.pid()), "-d", "3s", "--json"});
  ASSERT_TRUE(gomapd.wait_for_errors("gomapd: tracing")) << gomapd.errors();
  program.feed("w");
  ASSERT_TRUE(program.wait_for_output("done\n"));
  ASSERT_EQ(gomapd.wait().code, 0) << gomapd.errors();
  const auto told = Json::parse(gomapd.output());
  const Account account(folder_ / "states");
  for (std::size_t region = 0; region < kRegions; ++region) {
    const auto& state = account.state(region, 0);
    const auto found = std::ranges::find_if(told["maps"], [&](const Json& one) {
      return std::stoull(one["map"].get<std::string>(), nullptr, 16) == state.address;
    });
    ASSERT_NE(found, told["maps"].end()) << told;
    const bool classic = account.head(region).design == 0;
    EXPECT_EQ((*found)["keys"], state.keys);
    EXPECT_EQ((*found)[classic ? "b" : "tables"], state.size);
    EXPECT_EQ((*found)[classic ? "overflow_buckets" : "slots"], state.more);
    EXPECT_EQ((*found)[classic ? "evacuated_buckets" : "tombstones"], state.extra);
    const auto& histogram = (*found)[classic ? "overflow_chains" : "groups_by_keys"];
    EXPECT_EQ(digest_of(histogram.get<std::vector<std::uint64_t>>()), state.digest) << *found;
    EXPECT_EQ((*found)["impl"], classic ? "classic" : "swiss");
    EXPECT_EQ((*found)["map_type"], "map[uint64]int");
    EXPECT_EQ((*found)["function"], "main.buildQuiet");
    EXPECT_GT((*found)["bytes"], 0);
  }
  program.feed("x");
  EXPECT_EQ(program.wait().code, 0);
}

const Json* find_at(const Json& maps, std::uint64_t address) {
  const auto found = std::ranges::find_if(maps, [&](const Json& one) {
    return std::stoull(one["map"].get<std::string>(), nullptr, 16) == address;
  });
  return found == maps.end() ? nullptr : &*found;
}

TEST_P(SnapshotOf, FindsMapsThatDoNotGrowByTheirAssignments) {
  Child program({program_, folder_ / "states", "steady"});
  ASSERT_TRUE(program.wait_for_output("ready\n")) << program.errors();
  const Account account(folder_ / "states");
  const auto snapshot = [&](const std::vector<std::string>& options) {
    std::vector<std::string> argv{
        gomapd_path(), "snapshot", "--json", "-d", "2s", "-p", std::to_string(program.pid())};
    argv.insert(argv.end(), options.begin(), options.end());
    return run(argv);
  };
  const auto grown = snapshot({});
  ASSERT_EQ(grown.ending.code, 0) << grown.errors;
  const auto assigned = snapshot({"--detail", "assign", "--max-overhead", "20%"});
  ASSERT_EQ(assigned.ending.code, 0) << assigned.errors;
  const auto told = Json::parse(assigned.output);
  for (std::size_t region = 0; region < kRegions; ++region) {
    const auto& state = account.state(region, 0);
    EXPECT_EQ(find_at(Json::parse(grown.output)["maps"], state.address), nullptr);
    const auto* const found = find_at(told["maps"], state.address);
    ASSERT_NE(found, nullptr) << told;
    const bool classic = account.head(region).design == 0;
    EXPECT_EQ((*found)["keys"], state.keys);
    EXPECT_EQ((*found)[classic ? "b" : "tables"], state.size);
    EXPECT_EQ((*found)["map_type"], "map[uint64]int");
    EXPECT_EQ((*found)["function"], "main.update");
    EXPECT_EQ((*found)["seen_by"], "assignment");
  }
  // Those on the goroutine's stack are said, and not read.
  EXPECT_GT(told["on_stack"], 0);
  for (const auto& one : told["maps"]) EXPECT_NE(one["function"], "main.onStack") << one;
}

std::string test_name(const testing::TestParamInfo<Build>& info) {
  return name_of(info.param);
}

INSTANTIATE_TEST_SUITE_P(Live, SnapshotOf, testing::ValuesIn(plain_builds()), test_name);

}  // namespace
}  // namespace gomapd::live
