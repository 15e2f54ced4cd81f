// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// `trace --map` against a program that sees in its maps' own headers what each
// operation does: the trail's numbers are the program's.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "tests/live/lab.h"
#include "tests/live/report.h"
#include "tests/live/run.h"

namespace gomapd::live {
namespace {

using Lines = std::vector<std::string>;

// What happened to one map, in the program's words: "start KIND KEYS SIZE MORE",
// "done KEYS SIZE"; and how often its seed was another one when it grew next.
struct Life {
  Lines lines;
  int new_seeds = 0;
  std::string last_seed;
};
using LivesByAddress = std::map<std::string, Life>;

std::string plain(std::string number) {
  std::erase(number, ',');
  return number;
}

// MORE is -1 where the program can't see it.
std::string without_more(const std::string& line) {
  return line.substr(0, line.rfind(' '));
}

struct Told {
  std::map<std::string, std::string> addresses;  // by the map's name
  LivesByAddress lives;
};

Told told_by_program(const std::string& output) {
  Told told;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string what;
    std::string address;
    words >> what >> address;
    auto& life = told.lives[address];
    if (what == "at") {
      words >> told.addresses[address];
    } else if (what == "start") {
      std::string kind, keys, size, more, seed;
      words >> kind >> keys >> size >> more >> seed;
      life.lines.push_back("start " + kind + " " + keys + " " + size + " " + more);
      if (!life.last_seed.empty() && seed != life.last_seed) ++life.new_seeds;
      life.last_seed = seed;
    } else if (what == "done") {
      std::string keys, size;
      words >> keys >> size;
      life.lines.push_back("done " + keys + " " + size);
    }
  }
  std::map<std::string, std::string> by_name;
  for (const auto& [address, name] : told.addresses) by_name[name] = address;
  told.addresses = by_name;
  return told;
}

// The same out of one line of the trail; nothing when it is of another sort.
std::string from_words(const std::string& words) {
  std::smatch found;
  const auto matches = [&](const char* pattern) {
    return std::regex_search(words, found, std::regex(pattern));
  };
  const auto part = [&](int index) { return plain(found[static_cast<std::size_t>(index)]); };
  if (matches(R"(mapassign: ([\d,]+) keys \+ 1 > ([\d,]+).* -> hashGrow: double, B (\d+) ->)"))
    return part(1) == part(2) ? "start double " + part(1) + " " + part(3) + " -"
                              : "wrong: " + words;
  if (matches(
          R"(([\d,]+) overflow buckets >= ([\d,]+) = .*and ([\d,]+) keys \+ 1 .*B stays (\d+),)"))
    return std::stoi(part(1)) >= std::stoi(part(2))
               ? "start same_size " + part(3) + " " + part(4) + " " + part(1)
               : "wrong: " + words;
  if (matches(R"(mapassign: (\d+) keys fill the (\d+) slots of the one group -> growToTable)"))
    return "start to_table " + part(1) + " " + part(2) + " 0";
  if (matches(R"(: ([\d,]+) keys \+ ([\d,]+) tombstones = ([\d,]+) = 7/8 of ([\d,]+) slots -> )"
              R"(rehash -> (?:grow|split): (table_double|1,024 slots = max))")) {
    const auto* kind = found[5] == "table_double" ? "table_double" : "split";
    const auto keys = std::stoi(part(1));
    const auto tombstones = std::stoi(part(2));
    const auto slots = std::stoi(part(4));
    if (keys + tombstones != std::stoi(part(3)) || 8 * (keys + tombstones) != 7 * slots)
      return "wrong: " + words;
    return std::string("start ") + kind + " " + part(1) + " " + part(4) + " " + part(2);
  }
  if (matches(R"(done: after .*; B (\d+), [\d,]+ buckets, ([\d,]+) keys, load)"))
    return "done " + part(2) + " " + part(1);
  if (matches(R"(done: after .*; ([\d,]+) slots.*, ([\d,]+) keys, load)"))
    return "done " + part(2) + " " + part(1);
  return {};
}

LivesByAddress told_by_trail(const std::string& output) {
  LivesByAddress lives;
  std::istringstream lines(output);
  const std::regex form(R"( *\d+\.\d{6} s  \d+  (0x[0-9a-f]+)  map\[uint64\]int  ( *)(.*))");
  std::smatch found;
  for (std::string line; std::getline(lines, line);) {
    if (!std::regex_match(line, found, form)) continue;
    auto& life = lives[found[1]];
    const std::string words = found[3];
    // mapassign, evacuate, done: each further in.
    const bool is_end = words.starts_with("done") || words.starts_with("not done");
    const std::size_t depth = words.starts_with("evacuate") ? 2 : is_end ? 4 : 0;
    EXPECT_EQ(found[2].length(), depth) << line;
    if (words.starts_with("another map")) ++life.new_seeds;
    if (auto one = from_words(words); !one.empty()) life.lines.push_back(std::move(one));
  }
  return lives;
}

LivesByAddress told_by_json(const Report& report) {
  LivesByAddress lives;
  for (const auto& line : report.lines) {
    const auto event = line["event"].get<std::string>();
    if (!event.starts_with("growth_")) continue;
    auto& life = lives[line["map"].get<std::string>()];
    const bool classic = line["impl"] == "classic";
    const auto size = [&](const char* field) {
      const auto slots = line[field].get<std::uint64_t>();
      return std::to_string(classic ? std::bit_width(slots) - 1 : static_cast<int64_t>(slots));
    };
    if (event == "growth_finished") {
      life.lines.push_back("done " + line["keys_after"].dump() + " " + size("new_buckets"));
      continue;
    }
    const auto& decision = line["decision"];
    const auto condition = decision["condition"].get<std::string>();
    const auto more = condition == "no_growth_left"              ? decision["tombstones"].dump()
                      : condition == "too_many_overflow_buckets" ? decision["value"].dump()
                      : condition == "small_map_full"            ? "0"
                                                                 : "-";
    if (line["another_map"] == true) ++life.new_seeds;
    life.lines.push_back("start " + line["kind"].get<std::string>() + " " + line["keys"].dump() +
                         " " + size("old_buckets") + " " + more);
  }
  return lives;
}

// Overflow buckets are told where they decide, and seen where nothing moves.
void expect_equal(const Life& trail, const Life& program) {
  ASSERT_EQ(trail.lines.size(), program.lines.size()) << testing::PrintToString(trail.lines);
  EXPECT_FALSE(program.lines.empty());
  EXPECT_EQ(trail.new_seeds, program.new_seeds);
  for (std::size_t i = 0; i < trail.lines.size(); ++i) {
    const auto& one = trail.lines[i];
    const auto& other = program.lines[i];
    if (one.ends_with(" -") || other.ends_with(" -1"))
      EXPECT_EQ(without_more(one), without_more(other));
    else
      EXPECT_EQ(one, other);
  }
}

class LifeOfAMap : public testing::TestWithParam<Build> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    GOMAPD_BUILD_OR_SKIP(GetParam());
    const auto built = build_go(GetParam(), source_folder() / "tests/live/go/life");
    ASSERT_TRUE(built) << built.error();
    program_ = *built;
  }

  // Traces the program while it works; `maps` are names of its maps.
  void trace(const std::vector<std::string>& maps, std::vector<std::string> options) {
    Child program({program_});
    ASSERT_TRUE(program.wait_for_output("ready\n")) << program.errors();
    const auto addresses = told_by_program(program.output()).addresses;
    std::vector<std::string> argv{gomapd_path(), "trace", "-p", std::to_string(program.pid())};
    for (const auto& name : maps) {
      options.emplace_back("--map");
      options.push_back(addresses.at(name));
    }
    argv.insert(argv.end(), options.begin(), options.end());
    Child gomapd(argv);
    ASSERT_TRUE(gomapd.wait_for_errors("gomapd: tracing")) << gomapd.errors();
    program.feed("w");
    ASSERT_EQ(program.wait().code, 0) << program.errors();
    ASSERT_EQ(gomapd.wait().code, 0) << gomapd.errors();
    told_ = told_by_program(program.output());
    output_ = gomapd.output();
  }

  const Life& program(const std::string& name) { return told_.lives[told_.addresses.at(name)]; }

  std::filesystem::path program_;
  Told told_;
  std::string output_;
};

TEST_P(LifeOfAMap, IsToldAsItWas) {
  trace({"grows", "slides", "empties"}, {"--detail", "buckets"});
  auto trail = told_by_trail(output_);
  for (const auto* name : {"grows", "slides", "empties"}) {
    SCOPED_TRACE(name);
    expect_equal(trail[told_.addresses.at(name)], program(name));
  }
  // Go 1.15 keeps the seed of a map that deletes have emptied.
  EXPECT_EQ(program("empties").new_seeds, minor_of(GetParam()) == 15 ? 0 : 1);
  EXPECT_FALSE(trail.contains(told_.addresses.at("other")));
  // The report follows.
  EXPECT_NE(output_.find(" growths in "), std::string::npos);
}

TEST_P(LifeOfAMap, IsTheSameInJson) {
  trace({"slides", "grows"}, {"--json"});
  const auto report = parse_report(output_);
  EXPECT_TRUE(report.problems.empty()) << report.problems.text();
  auto trail = told_by_json(report);
  EXPECT_EQ(trail.size(), 2U);
  for (const auto* name : {"grows", "slides"}) {
    SCOPED_TRACE(name);
    expect_equal(trail[told_.addresses.at(name)], program(name));
  }
}

TEST_P(LifeOfAMap, IsToldOfEveryMapIfAsked) {
  trace({}, {"--verbose"});
  auto trail = told_by_trail(output_);
  for (const auto* name : {"grows", "slides", "empties", "other"}) {
    SCOPED_TRACE(name);
    expect_equal(trail[told_.addresses.at(name)], program(name));
  }
}

std::string test_name(const testing::TestParamInfo<Build>& info) {
  return name_of(info.param);
}

INSTANTIATE_TEST_SUITE_P(Live, LifeOfAMap, testing::ValuesIn(plain_builds()), test_name);

}  // namespace
}  // namespace gomapd::live
