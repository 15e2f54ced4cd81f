// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// `gomapd advise` keeps its word: a program is run again with the hints that it
// was given; `gomapd trace` counts the growths that are gone, and Go's own
// allocator (MemStats.TotalAlloc) the bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>

#include "tests/live/lab.h"
#include "tests/live/tracing.h"

namespace gomapd::live {
namespace {

// What is promised may differ by so much from what comes.
constexpr double kTolerance = 0.05;

struct Advised {
  Finished gomapd;
  Json json;
};

Advised advise(const std::filesystem::path& program, const Arguments& arguments) {
  const ScratchFolder folder;
  Arguments argv{gomapd_path(), "advise", "--json", "-o", folder / "advice", "--", program};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  Advised advised;
  advised.gomapd = run(argv);
  if (std::filesystem::exists(folder / "advice"))
    advised.json = Json::parse(read_file(folder / "advice"), nullptr, /*allow_exceptions=*/false);
  return advised;
}

using Numbers = std::map<std::string, double>;

// "main.fixed": the place that the program calls "fixed".
std::string place_of(const Json& site) {
  const auto function = site["function"].get<std::string>();
  return function.starts_with("main.") ? function.substr(5) : function;
}

// What the allocator gave out at each place, as the program tells.
Numbers allocated(const Finished& finished) {
  std::istringstream lines(finished.output);
  Numbers bytes;
  std::string place;
  for (double value = 0; lines >> place >> value;) bytes[place] = value;
  return bytes;
}

Numbers growths(const Traced& traced) {
  Numbers counts;
  for (const auto& site : traced.report.summary["sites"])
    counts[place_of(site)] += site["growths"].get<double>();
  return counts;
}

class Advice : public testing::TestWithParam<Build> {
 protected:
  void SetUp() override {
    GOMAPD_LIVE_OR_SKIP();
    GOMAPD_BUILD_OR_SKIP(GetParam());
    const auto built = build_go(GetParam(), source_folder() / "tests/live/go/advice");
    ASSERT_TRUE(built) << built.error();
    program_ = *built;
  }

  void learn(const Arguments& arguments = {}) {
    advised_ = advise(program_, arguments);
    ASSERT_EQ(advised_.gomapd.ending.code, 0) << advised_.gomapd.errors;
    ASSERT_TRUE(advised_.json.is_object());
    ASSERT_EQ(advised_.json["lost_events"], 0);
    for (const auto& site : advised_.json["sites"]) sites_[place_of(site)] = site;
  }

  bool is_classic() const {
    return sites_.at(sites_.begin()->first)["impl"].get<std::string>() == "classic";
  }

  std::filesystem::path program_;
  Advised advised_;
  std::map<std::string, Json> sites_;
};

TEST_P(Advice, KeepsItsPromises) {
  learn();
  Arguments hints;
  // Those too that are not advised: their promise is in `if_hinted`.
  std::map<std::string, Json> promises;
  for (const auto* place : {"fixed", "varied", "large", "spread"}) {
    ASSERT_TRUE(sites_.contains(place)) << place;
    const auto& site = sites_[place];
    promises[place] = site.contains("if_hinted") ? site["if_hinted"] : site;
    hints.push_back(std::string(place) + "=" + promises[place]["hint"].dump());
  }
  const auto before = trace_command(program_, {});
  const auto after = trace_command(program_, hints);
  ASSERT_EQ(after.gomapd.ending.code, 0) << after.gomapd.errors;
  auto growths_before = growths(before);
  auto growths_after = growths(after);
  auto bytes_before = allocated(before.gomapd);
  auto bytes_after = allocated(after.gomapd);
  for (const auto& [place, promise] : promises) {
    SCOPED_TRACE(place + ": " + promise.dump());
    const auto growths_saved = promise["growths_saved"].get<double>();
    ASSERT_GT(growths_saved, 0);
    EXPECT_NEAR(growths_before[place] - growths_after[place], growths_saved,
                kTolerance * growths_saved);
    // What is saved less what is wasted: the error is that of the larger part.
    const auto saved = promise["bytes_saved"].get<double>();
    ASSERT_GT(saved, 0);
    const auto wasted = promise["bytes_wasted"].get<double>();
    EXPECT_NEAR(bytes_before[place] - bytes_after[place] + wasted, saved,
                kTolerance * std::max(saved, wasted - saved));
  }
}

TEST_P(Advice, CountsTheGrowthsOfEachPlace) {
  learn();
  auto counted = growths(trace_command(program_, {}));
  for (const auto* place : {"fixed", "varied", "large", "spread", "once"})
    EXPECT_EQ(sites_[place]["growths"].get<double>(), counted[place]) << place;
}

TEST_P(Advice, SaysWhereAHintHelps) {
  learn();
  for (const auto* place : {"fixed", "varied", "large"}) {
    EXPECT_EQ(sites_[place]["verdict"], "hint") << place;
    EXPECT_EQ(sites_[place]["map_type"], "map[int]int") << place;
    EXPECT_TRUE(sites_[place]["file"].get<std::string>().ends_with("main.go")) << place;
  }
  EXPECT_EQ(sites_["fixed"]["maps"], 300);
  EXPECT_LE(sites_["fixed"]["same_hints"]["low"], 100);
  EXPECT_GE(sites_["fixed"]["same_hints"]["high"], 100);
  EXPECT_LE(sites_["large"]["same_hints"]["low"], 5000);
  EXPECT_GE(sites_["large"]["same_hints"]["high"], 5000);
}

TEST_P(Advice, SaysWhereNoneHelps) {
  learn();
  EXPECT_EQ(sites_["spread"]["verdict"], "sizes_spread");
  EXPECT_EQ(sites_["once"]["verdict"], "few_growths");
  EXPECT_FALSE(sites_.contains("small"));
  // Swiss tables prune tombstones, or grow out of them once.
  EXPECT_EQ(sites_["window"]["verdict"], is_classic() ? "deletes_dominate" : "few_growths");
  for (const auto* place : {"spread", "once", "window"}) {
    EXPECT_EQ(sites_[place]["hint"], 0) << place;
    EXPECT_EQ(sites_[place]["growths_saved"], 0) << place;
    EXPECT_NE(sites_[place]["reason"], "") << place;
  }
  ASSERT_TRUE(sites_.contains("net/url.Values.Add"));
  const auto& library = sites_["net/url.Values.Add"];
  EXPECT_EQ(library["verdict"], "not_your_code");
  EXPECT_TRUE(library["caller"].get<std::string>().starts_with("main.ofGo "));
  EXPECT_EQ(advised_.json["leak_suspects"], Json::array());
}

TEST_P(Advice, SuspectsWhatGrowsForEver) {
  learn({"forever"});
  EXPECT_EQ(sites_["forever"]["verdict"], "keeps_growing");
  ASSERT_EQ(advised_.json["leak_suspects"].size(), 1);
  const auto& suspect = advised_.json["leak_suspects"][0];
  EXPECT_EQ(suspect["function"], "main.forever");
  EXPECT_LT(suspect["first"]["keys"], suspect["last"]["keys"]);
  EXPECT_LT(suspect["first"]["after_ns"], suspect["last"]["after_ns"]);
  EXPECT_FALSE(suspect["doublings"].empty());
}

std::string test_name(const testing::TestParamInfo<Build>& info) {
  return name_of(info.param);
}

INSTANTIATE_TEST_SUITE_P(Live, Advice, testing::ValuesIn(plain_builds()), test_name);

}  // namespace
}  // namespace gomapd::live
