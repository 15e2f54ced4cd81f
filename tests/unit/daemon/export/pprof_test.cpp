// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/pprof.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <map>
#include <protozero/pbf_reader.hpp>

#include "daemon/export/gzip.h"
#include "tests/unit/daemon/export/sample_profile.h"

namespace gomapd::exporter {
namespace {

std::string gunzip(const std::string& file) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(16U << 20U, '\0');
  std::string in = file;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

using Fields = std::multimap<std::uint32_t, std::uint64_t>;
using protozero::pbf_reader;

// All numbers of a message, packed or not; messages in it are left out.
Fields numbers(pbf_reader message) {
  Fields fields;
  while (message.next()) {
    if (message.wire_type() == protozero::pbf_wire_type::varint)
      fields.emplace(message.tag(), message.get_uint64());
    else
      message.skip();
  }
  return fields;
}

std::uint64_t one(const Fields& fields, std::uint32_t tag) {
  const auto found = fields.find(tag);
  return found == fields.end() ? 0 : found->second;
}

// A profile read back, as far as the tests ask. Written from profile.proto, by
// the numbers there.
struct Profile {
  struct Sample {
    std::vector<std::uint64_t> locations;
    std::vector<std::int64_t> values;
    std::map<std::string, std::string> labels;
  };
  struct Line {
    std::string function;
    std::string file;
    std::uint64_t number = 0;
  };
  struct Location {
    std::uint64_t mapping = 0;
    std::uint64_t address = 0;
    std::vector<Line> lines;
  };

  std::vector<std::string> strings;
  std::vector<std::string> sample_types;
  std::vector<Sample> samples;
  std::vector<Fields> mappings;
  std::map<std::uint64_t, Location> locations;
  std::vector<std::string> comments;
  Fields top;

  [[nodiscard]] std::string text(std::uint64_t index) const { return strings.at(index); }

  explicit Profile(const std::string& bytes) : top(numbers(pbf_reader(bytes))) {
    for (pbf_reader all(bytes); all.next(6);) strings.push_back(all.get_string());
    for (pbf_reader all(bytes); all.next(1);) {
      const auto type = numbers(all.get_message());
      sample_types.push_back(text(one(type, 1)) + "/" + text(one(type, 2)));
    }
    for (pbf_reader all(bytes); all.next(2);) read_sample(all.get_message());
    for (pbf_reader all(bytes); all.next(3);) mappings.push_back(numbers(all.get_message()));
    std::map<std::uint64_t, Fields> functions;
    for (pbf_reader all(bytes); all.next(5);) {
      const auto function = numbers(all.get_message());
      functions[one(function, 1)] = function;
    }
    for (pbf_reader all(bytes); all.next(4);) read_location(all.get_message(), functions);
    for (auto [from, to] = top.equal_range(13); from != to; ++from)
      comments.push_back(text(from->second));
  }

 private:
  void read_sample(pbf_reader message) {
    Sample sample;
    while (message.next()) {
      switch (message.tag()) {
        case 1:
          for (const auto id : message.get_packed_uint64()) sample.locations.push_back(id);
          break;
        case 2:
          for (const auto value : message.get_packed_int64()) sample.values.push_back(value);
          break;
        default: {
          const auto label = numbers(message.get_message());
          sample.labels[text(one(label, 1))] = text(one(label, 2));
        }
      }
    }
    samples.push_back(sample);
  }

  void read_location(pbf_reader message, std::map<std::uint64_t, Fields>& functions) {
    const auto fields = numbers(message);
    Location location{one(fields, 2), one(fields, 3), {}};
    while (message.next(4)) {
      const auto line = numbers(message.get_message());
      const auto& function = functions[one(line, 1)];
      location.lines.push_back({text(one(function, 2)), text(one(function, 4)), one(line, 2)});
    }
    locations[one(fields, 1)] = location;
  }
};

Profile decoded(const TraceReport& report, Weight shown = Weight::kGrowths) {
  const auto file = pprof_profile(report, shown);
  EXPECT_TRUE(file.has_value());
  return Profile(gunzip(*file));
}

TEST(Gzip, GivesBackTheSameBytes) {
  std::string bytes;
  for (int i = 0; i < 200'000; ++i) bytes += static_cast<char>(i * i >> 3);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, bytes.size()})
    EXPECT_EQ(gunzip(*gzip(std::string_view(bytes).substr(0, size))), bytes.substr(0, size));
}

TEST(Pprof, HasTheSampleTypesOfTheContract) {
  const SampleProfile sample;
  const auto profile = decoded(sample.report, Weight::kBytes);
  EXPECT_EQ(profile.sample_types, (std::vector<std::string>{"growths/count", "grown_bytes/bytes",
                                                            "growth_time/nanoseconds"}));
  EXPECT_EQ(profile.text(one(profile.top, 14)), "grown_bytes");
  EXPECT_EQ(profile.strings.front(), "");
}

TEST(Pprof, SumsUpToTheSummary) {
  const SampleProfile sample;
  std::array<std::int64_t, 3> sums{};
  for (const auto& one : decoded(sample.report).samples)
    for (std::size_t i = 0; i < sums.size(); ++i) sums.at(i) += one.values.at(i);
  EXPECT_EQ(sums, (std::array<std::int64_t, 3>{1240, 5'000'000, 7'200'000}));
}

TEST(Pprof, LabelsSamplesWithTypeAndProcess) {
  const SampleProfile sample;
  const auto profile = decoded(sample.report);
  ASSERT_EQ(profile.samples.size(), 3U);
  EXPECT_EQ(profile.samples[0].labels, (std::map<std::string, std::string>{
                                           {"map_type", "map[string]*main.entry"}, {"pid", "41"}}));
  EXPECT_EQ(profile.samples[1].labels.at("map_type"), "unknown");
}

TEST(Pprof, PutsInlinedLinesIntoOneLocation) {
  const SampleProfile sample;
  const auto profile = decoded(sample.report);
  const auto& ids = profile.samples[0].locations;
  ASSERT_EQ(ids.size(), 2U);
  const auto& innermost = profile.locations.at(ids[0]);
  EXPECT_EQ(innermost.address, 0x401010U);
  EXPECT_EQ(innermost.mapping, 1U);
  ASSERT_EQ(innermost.lines.size(), 3U);
  EXPECT_EQ(innermost.lines[0].function, "main.(*cache).put");
  EXPECT_EQ(innermost.lines[0].number, 214U);
  EXPECT_EQ(innermost.lines[2].function, "main.serve");
  EXPECT_EQ(innermost.lines[2].file, "/src/server/main.go");
}

// The same address in another executable is another place.
TEST(Pprof, TellsExecutablesApart) {
  const SampleProfile sample;
  const auto profile = decoded(sample.report);
  ASSERT_EQ(profile.mappings.size(), 2U);
  EXPECT_EQ(one(profile.mappings[0], 2), 0x401000U);
  EXPECT_EQ(one(profile.mappings[0], 3), 0x403000U);
  EXPECT_EQ(one(profile.mappings[0], 4), 0x1000U);
  EXPECT_EQ(profile.text(one(profile.mappings[0], 5)), "/usr/bin/server");
  EXPECT_EQ(profile.text(one(profile.mappings[0], 6)), "abc123");
  const auto& built = profile.locations.at(profile.samples[1].locations[0]);
  EXPECT_EQ(built.mapping, 2U);
  EXPECT_EQ(built.lines[0].number, 17U);
}

TEST(Pprof, SaysWhatIsNotKnownOfAStack) {
  const SampleProfile sample;
  const auto profile = decoded(sample.report);
  const auto name = [&](std::uint64_t id) { return profile.locations.at(id).lines[0].function; };
  const auto& cut = profile.samples[1].locations;
  ASSERT_EQ(cut.size(), 4U);
  EXPECT_EQ(name(cut[1]), "[unknown]");
  EXPECT_EQ(profile.locations.at(cut[1]).mapping, 0U);
  EXPECT_EQ(name(cut[3]), "[truncated]");
  ASSERT_EQ(profile.samples[2].locations.size(), 1U);
  EXPECT_EQ(name(profile.samples[2].locations[0]), "[unknown]");
}

TEST(Pprof, KnowsTimesAndLosses) {
  SampleProfile sample;
  sample.report.stats.at(GM_STAT_COUNTERS_FULL) = 5;
  const auto profile = decoded(sample.report);
  EXPECT_EQ(one(profile.top, 9), 1'700'000'000'000'000'000U);
  EXPECT_EQ(one(profile.top, 10), 2'500'000'000U);
  EXPECT_EQ(one(profile.top, 12), 1U);
  ASSERT_EQ(profile.comments.size(), 2U);
  EXPECT_TRUE(profile.comments[1].starts_with("5 growths have no stack")) << profile.comments[1];
}

TEST(Pprof, HoldsHostileNamesHarmlessly) {
  SampleProfile sample;
  sample.put = {{std::string(kHostileName), std::string(kHostileName), 1, false, 1}};
  sample.entries.name = std::string(kHostileName);
  for (const auto& text : decoded(sample.report).strings) {
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\xff'), std::string::npos);
  }
}

TEST(Pprof, IsAProfileEvenOfNothing) {
  const auto profile = decoded(TraceReport());
  EXPECT_TRUE(profile.samples.empty());
  EXPECT_EQ(profile.sample_types.size(), 3U);
}

}  // namespace
}  // namespace gomapd::exporter
