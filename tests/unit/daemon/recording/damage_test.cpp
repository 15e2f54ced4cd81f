// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// Recordings that were cut, changed, or never were any.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "daemon/recording/block.h"
#include "daemon/recording/format.h"
#include "tests/unit/daemon/recording/sample_trace.h"

namespace gomapd::recording {
namespace {

struct Place {
  Block block;
  std::uint64_t end = 0;
};

std::vector<Place> blocks_of(Bytes file) {
  std::vector<Place> places;
  BlockReader reader(file);
  while (const auto block = reader.next())
    places.push_back({*block, file.size() - reader.bytes_left()});
  return places;
}

BlockKind kind(const Place& place) {
  return static_cast<BlockKind>(place.block.kind);
}

// What a reader must say of the first `blocks`: events, and of which state.
struct Expected {
  std::size_t events = 0;
  std::uint64_t duration_ns = 0;
};
Expected expected_of(std::span<const Place> places, std::size_t length, std::size_t events_each) {
  Expected expected;
  std::uint64_t states = 0;
  for (const auto& place : places) {
    if (place.end > length) break;
    if (kind(place) == BlockKind::kEvents) expected.events += events_each;
    if (kind(place) == BlockKind::kState) expected.duration_ns = ++states * 1'000'000'000;
    if (kind(place) == BlockKind::kEnd) expected.duration_ns = 2'500'000'000;
  }
  return expected;
}

class Damage : public testing::Test {
 protected:
  Damage() : file_(sample_recording(facts_)), places_(blocks_of(file_)) {
    tell(facts_, whole_);
    each_ = whole_.lines.size();
  }
  Facts facts_;
  std::vector<std::byte> file_;
  std::vector<Place> places_;
  Lines whole_;
  std::size_t each_ = 0;
};

TEST_F(Damage, CutAnywhereTellsAllThatWasWhole) {
  ASSERT_GE(places_.size(), 7);
  for (std::size_t length = 0; length < file_.size(); ++length) {
    auto decoder = Decoder::open(Bytes(file_).first(length));
    ASSERT_EQ(decoder.has_value(), length >= kFileHeaderBytes) << length;
    if (!decoder) continue;
    Lines lines;
    const auto report = decoder->read(lines);
    const auto expected = expected_of(places_, length, each_);
    ASSERT_EQ(lines.lines.size(), expected.events) << length;
    for (std::size_t i = 0; i < lines.lines.size(); ++i)
      ASSERT_EQ(lines.lines[i], whole_.lines[i % each_]) << length;
    ASSERT_EQ(report.duration_ns, expected.duration_ns) << length;
    ASSERT_TRUE(report.truncated) << length;
    ASSERT_FALSE(report.missing.empty()) << length;
    ASSERT_EQ(report.summary.sites.empty(), expected.duration_ns == 0) << length;
  }
}

TEST_F(Damage, CutInABlockSaysWhere) {
  const auto& second = places_.at(1);
  auto decoder = Decoder::open(Bytes(file_).first(second.end - 1));
  ASSERT_TRUE(decoder);
  Lines lines;
  const auto report = decoder->read(lines);
  EXPECT_EQ(report.missing.front(),
            "the recording ends in the middle of a block at byte " +
                std::to_string(second.block.offset) +
                ": what followed is missing, a second or less if gomapd was killed");
}

TEST_F(Damage, AChangedByteCostsItsBlockAlone) {
  const std::set<std::string> known(whole_.lines.begin(), whole_.lines.end());
  for (std::size_t at = kFileHeaderBytes; at < file_.size(); ++at) {
    auto changed = file_;
    changed[at] ^= std::byte{0x40};
    auto decoder = Decoder::open(changed);
    ASSERT_TRUE(decoder) << at;
    Lines lines;
    const auto report = decoder->read(lines);
    ASSERT_FALSE(report.missing.empty()) << at;
    const auto hit =
        std::ranges::find_if(places_, [&](const Place& place) { return at < place.end; });
    ASSERT_EQ(report.truncated, kind(*hit) == BlockKind::kEnd) << at;
    const auto lost = kind(*hit);
    if (lost == BlockKind::kDefinitions) continue;
    ASSERT_EQ(lines.lines.size(), (lost == BlockKind::kEvents ? 2 : 3) * each_) << at;
    ASSERT_TRUE(std::ranges::all_of(lines.lines, [&](const auto& l) { return known.contains(l); }));
  }
}

TEST_F(Damage, LostDefinitionsGiveNoWrongNames) {
  auto changed = file_;
  ASSERT_EQ(kind(places_.front()), BlockKind::kDefinitions);
  changed[places_.front().block.offset + kBlockHeaderBytes] ^= std::byte{1};
  auto decoder = Decoder::open(changed);
  ASSERT_TRUE(decoder);
  Lines lines;
  const auto report = decoder->read(lines);
  EXPECT_TRUE(lines.lines.empty());
  EXPECT_EQ(report.summary.counts.started, 1240);  // totals need no names
  // This one was told later, with the first state.
  for (const auto& site : report.summary.sites)
    EXPECT_TRUE(site.function.empty() ||
                site.function == "github.com/example/worker/internal/index.Build");
  for (const auto& stack : report.summary.stacks) EXPECT_TRUE(stack.stack->empty());
  EXPECT_GE(report.missing.size(), 3);
}

// A state tells changes: when one is lost, the rows may be old, and that is said.
TEST_F(Damage, ALostStateIsToldUntilTheNextFullOne) {
  auto changed = file_;
  const auto lost =
      std::ranges::find_if(places_, [](const Place& p) { return kind(p) == BlockKind::kState; });
  changed[lost->block.offset + kBlockHeaderBytes] ^= std::byte{1};
  const auto last =
      std::ranges::find_if(places_, [](const Place& p) { return kind(p) == BlockKind::kEnd; });
  const auto says_gap = [](Bytes file) {
    auto decoder = Decoder::open(file);
    Lines lines;
    const auto report = decoder->read(lines);
    return std::ranges::any_of(report.missing,
                               [](const auto& note) { return note.starts_with("a state of"); });
  };
  EXPECT_TRUE(says_gap(Bytes(changed).first(last->block.offset)));
  EXPECT_FALSE(says_gap(changed));
}

TEST_F(Damage, ADamagedHeaderIsToldAndTheRestRead) {
  for (const std::size_t at : {8, 12, 16, 28}) {
    auto changed = file_;
    changed[at] ^= std::byte{1};
    auto decoder = Decoder::open(changed);
    ASSERT_TRUE(decoder) << at;
    Lines lines;
    EXPECT_EQ(decoder->read(lines).missing.size(), 1) << at;
    EXPECT_EQ(lines.lines.size(), 3 * each_) << at;
  }
}

TEST_F(Damage, ZerosAfterACrashAreLeftOut) {
  auto file = file_;
  file.resize(places_.at(places_.size() - 2).end);
  file.resize(file.size() + 5000);
  auto decoder = Decoder::open(file);
  ASSERT_TRUE(decoder);
  Lines lines;
  const auto report = decoder->read(lines);
  EXPECT_TRUE(report.truncated);
  EXPECT_GE(lines.lines.size(), 2 * each_);
}

// Payloads whose checksums are right and whose content is not.
TEST_F(Damage, SurvivesHostilePayloads) {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same each time
  for (int round = 0; round < 3000; ++round) {
    ByteOutput hostile;
    write_file_header(0, hostile);
    for (const auto& place : places_) {
      auto payload = copy(place.block.payload);
      for (int i = 0; i < round % 4; ++i)
        payload[random() % payload.size()] = static_cast<std::byte>(random());
      if (round % 5 == 4) payload.resize(random() % payload.size());
      write_block(place.block.kind, payload, hostile);
    }
    auto decoder = Decoder::open(hostile.view());
    ASSERT_TRUE(decoder);
    Lines lines;
    const auto report = decoder->read(lines);
    for (const auto& stack : report.summary.stacks)
      ASSERT_TRUE(stack.type != nullptr && stack.stack != nullptr);
  }
}

TEST_F(Damage, SurvivesMarkersWithoutEnd) {
  ByteOutput hostile;
  write_file_header(0, hostile);
  for (int i = 0; i < 200'000; ++i) hostile.fixed(kBlockMarker);
  auto decoder = Decoder::open(hostile.view());
  ASSERT_TRUE(decoder);
  Lines lines;
  EXPECT_TRUE(decoder->read(lines).truncated);
}

}  // namespace
}  // namespace gomapd::recording
