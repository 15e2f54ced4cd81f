// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// What goes into a recording comes out again.
#include <gtest/gtest.h>

#include <random>

#include "daemon/export/profile.h"
#include "daemon/recording/block.h"
#include "daemon/recording/crc32c.h"
#include "daemon/recording/format.h"
#include "tests/unit/daemon/recording/sample_trace.h"

namespace gomapd::recording {
namespace {

// Frames and sums of all weights, whatever the order of the stacks.
std::string profile_of(const exporter::TraceReport& report) {
  std::string profile;
  for (const auto weight : exporter::kWeights) profile += exporter::folded_stacks(report, weight);
  return profile;
}

struct Read {
  std::vector<std::string> lines;
  exporter::TraceReport report;  // its stacks and types have gone with the decoder
  std::string profile;
};

Read read(Bytes file) {
  auto decoder = Decoder::open(file);
  if (!decoder) return {{decoder.error().context}, {}, {}};
  Lines lines;
  auto report = decoder->read(lines);
  auto profile = profile_of(report);
  return {lines.lines, std::move(report), std::move(profile)};
}

std::vector<std::string> lines_of(const Facts& facts, int times) {
  Lines lines;
  for (int i = 0; i < times; ++i) tell(facts, lines);
  return lines.lines;
}

TEST(Recording, GivesBackEveryEventInOrder) {
  const Facts facts;
  EXPECT_EQ(read(sample_recording(facts)).lines, lines_of(facts, 3));
}

TEST(Recording, GivesBackTheReport) {
  const Facts facts;
  const auto [lines, report, profile] = read(sample_recording(facts));
  EXPECT_EQ(exporter::summary_json(report), exporter::summary_json(facts.report()));
  EXPECT_EQ(exporter::report_text(report, 0), exporter::report_text(facts.report(), 0));
  EXPECT_EQ(profile, profile_of(facts.report()));
  EXPECT_FALSE(report.truncated);
  EXPECT_TRUE(report.missing.empty());
}

TEST(Recording, GivesBackTheRowsOfStacks) {
  const Facts facts;
  const auto file = sample_recording(facts);
  auto decoder = Decoder::open(file);
  ASSERT_TRUE(decoder);
  Lines lines;
  const auto report = decoder->read(lines);
  ASSERT_EQ(report.summary.stacks.size(), 3);
  const auto& first = report.summary.stacks[0];
  EXPECT_EQ(first.pid, 41);
  EXPECT_EQ(first.type->name, facts.named.name);
  EXPECT_EQ(first.type->shape.unit_bytes, 208);
  EXPECT_EQ(first.type->shape.version, (go::Version{23, 4}));
  EXPECT_EQ(first.counts.started, 1140);
  EXPECT_EQ(first.cost.growing_ns, 7);
  EXPECT_EQ(first.max_keys, 832);
  ASSERT_EQ(first.stack->size(), 3);
  EXPECT_EQ((*first.stack)[0].function, "main.(*cache).put");
  EXPECT_TRUE((*first.stack)[0].inlined);
  EXPECT_EQ((*first.stack)[2].address, 0x7f0000000001);
}

TEST(Recording, KeepsTheTimeOfDay) {
  const Facts facts;
  const auto file = sample_recording(facts);
  const auto decoder = Decoder::open(file);
  ASSERT_TRUE(decoder);
  EXPECT_EQ(decoder->realtime_offset_ns(), kOffset);
}

// A state tells the rows that have changed; what comes out is all of them.
TEST(Recording, PutsStatesTogether) {
  const Facts facts;
  Encoder encoder(0);
  auto report = facts.report();
  encoder.state(report);
  const auto full = encoder.ready().size();
  report.summary.stacks[2].max_keys = 1000;
  report.summary.sites[1].go_maps = 13;
  report.duration_ns += 1'000'000'000;
  encoder.state(report);
  EXPECT_LT(encoder.ready().size() - full, full);
  const auto read_back = read(encoder.ready().view()).report;
  EXPECT_EQ(read_back.summary.sites.size(), 3);
  EXPECT_EQ(read_back.summary.sites[1].go_maps, 13);
  EXPECT_EQ(read_back.summary.stacks.size(), 3);
  EXPECT_TRUE(read_back.truncated);
}

TEST(Recording, TellsEachNameOnce) {
  const Facts facts;
  const auto file = sample_recording(facts);
  const std::string text(reinterpret_cast<const char*>(file.data()), file.size());
  for (const std::string name :
       {"main.(*cache).put", "map[string]*main.entry", "/usr/bin/server"}) {
    const auto first = text.find(name);
    ASSERT_NE(first, std::string::npos) << name;
    EXPECT_EQ(text.find(name, first + 1), std::string::npos) << name;
  }
}

// Of a million growths, each of its own map and on another goroutine than the
// one before: the worst that a program can do.
TEST(Recording, StaysSmall) {
  const Facts facts;
  Encoder encoder(0);
  std::mt19937_64 random(1);  // NOLINT(cert-msc51-cpp): the same each time
  auto event = facts.events().front();
  std::size_t bytes = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    event.what = GM_RECORD_STARTED;
    event.address = 0xc000000000 + random() % (std::uint64_t{1} << 30U);
    event.identity = random();
    event.goid = 1 + random() % 10'000;
    event.tid = 4'100 + static_cast<std::uint32_t>(random() % 16);
    event.keys = event.go_map_keys = random() % 10'000;
    event.monotonic_ns += random() % 10'000;
    event.duration_ns = 0;
    encoder.growth(event);
    event.what = GM_RECORD_FINISHED;
    event.duration_ns = random() % 1'000'000;
    event.monotonic_ns += random() % 10'000;
    encoder.growth(event);
    if (encoder.open_bytes() < 65536) continue;
    encoder.close_events();
    bytes += encoder.ready().size();
    encoder.ready().clear();
  }
  EXPECT_LT(bytes, std::size_t{48} << 20U);
  RecordProperty("bytes", static_cast<int>(bytes));
}

TEST(Recording, ChecksumIsCrc32c) {
  EXPECT_EQ(crc32c(std::as_bytes(std::span("123456789", 9))), 0xe3069283);
  EXPECT_EQ(crc32c({}), 0);
}

TEST(Recording, RefusesWhatIsNone) {
  for (const std::string_view text : {"", "g", "gomaprec",
                                      "\x7f"
                                      "ELF and some more bytes, 32 at least"})
    EXPECT_FALSE(Decoder::open(std::as_bytes(std::span(text)))) << text;
}

TEST(Recording, RefusesANewerMajorVersion) {
  ByteOutput header;
  write_file_header(0, header);
  auto file = copy(header.view());
  file[8] = std::byte{2};
  const auto checksum = crc32c(Bytes(file).first(28));
  std::memcpy(file.data() + 28, &checksum, sizeof(checksum));
  const auto decoder = Decoder::open(file);
  ASSERT_FALSE(decoder);
  EXPECT_NE(decoder.error().context.find("version 2.0"), std::string::npos);
}

TEST(Recording, SkipsBlocksAndDefinitionsOfANewerMinorVersion) {
  const Facts facts;
  Encoder encoder(0);
  ByteOutput unknown_definition;
  for (const auto number : {99U, 3U, 0U, 1U, 7U}) unknown_definition.varint(number);
  write_block(1, unknown_definition.view(), encoder.ready());
  write_block(200, unknown_definition.view(), encoder.ready());
  tell(facts, encoder);
  encoder.end(facts.report());
  const auto result = read(encoder.ready().view());
  EXPECT_EQ(result.lines, lines_of(facts, 1));
  EXPECT_FALSE(result.report.truncated);
  ASSERT_EQ(result.report.missing.size(), 1);
  EXPECT_EQ(result.report.missing[0].find("1 blocks are left out"), 0);
}

}  // namespace
}  // namespace gomapd::recording
