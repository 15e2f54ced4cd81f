// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/price.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace gomapd::exporter {
namespace {

ProcessPrice example() {
  ProcessPrice price;
  price.process.pid = 42;
  price.process.exe = "/srv/a\x1b[31m";
  price.process.go_version = "go1.26.1";
  price.process.design = go::Design::kSwiss;
  price.price.growths_per_second = 1234567.8;
  price.price.growths_error = 9876.5;
  price.price.cpus = 1.5;
  price.price.growth = {.hits_per_second = 2469135.6, .overhead = 0.62, .error = 0.034};
  price.price.buckets = price.price.growth;
  price.seconds = 3;
  price.windows = 24;
  price.hit = {.ns = 1234, .error_ns = 100};
  price.hit_is_measured = true;
  price.max_overhead = 0.01;
  return price;
}

TEST(PriceText, IsTextForPeople) {
  EXPECT_EQ(price_text(example()),
            "What tracing process 42 (/srv/a\\x1b[31m) would cost it, from 3.0 s\n"
            "  growths   1,234,568 a second ± 9,877, 1.50 CPUs busy\n"
            "  a hit     1.2 µs ± 100 ns\n"
            "With --detail\n"
            "  growth    62 % of its CPU time ± 3.4 %, 2,469,136 hits a second\n"
            "  buckets   62 % of its CPU time ± 3.4 %, 2,469,136 hits a second\n"
            "  assign    as growth, and at most 1 % for assignments (--max-overhead)\n"
            "More than 1 %: with --max-overhead 1% its growths are sampled, not counted.\n");
}

TEST(PriceText, SaysWhatIsABoundAndWhatCannotBe) {
  auto price = example();
  price.price.is_at_most = true;
  price.price.growths_error.reset();
  price.price.growths_per_second = 1.25;
  price.price.growth = {.hits_per_second = 2.5, .overhead = 0.0000031, .error = std::nullopt};
  price.buckets_refusal = "evacuate was inlined";
  price.hit_is_measured = false;
  const auto text = price_text(price);
  EXPECT_NE(text.find("at most 1.2 a second"), std::string::npos) << text;
  EXPECT_NE(text.find("growth    at most 0.00031 % of its CPU time, at most 2.5 hits"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("buckets   not possible: evacuate was inlined"), std::string::npos) << text;
  EXPECT_NE(text.find("assumed"), std::string::npos) << text;
  EXPECT_NE(text.find("bounds (95 %)"), std::string::npos) << text;
}

TEST(PriceText, IsOneObject) {
  const auto json = nlohmann::json::parse(price_json(example()));
  EXPECT_EQ(json["event"], "estimate");
  EXPECT_EQ(json["pid"], 42);
  EXPECT_EQ(json["impl"], "swiss");
  EXPECT_EQ(json["sampled"], true);
  EXPECT_EQ(json["at_most"], false);
  ASSERT_EQ(json["levels"].size(), 3);
  EXPECT_EQ(json["levels"][0]["detail"], "growth");
  EXPECT_DOUBLE_EQ(json["levels"][0]["overhead_ratio"], 0.62);
  EXPECT_DOUBLE_EQ(json["levels"][2]["overhead_ratio"], 0.63);
  auto refused = example();
  refused.assign_refusal = "no";
  refused.price.growth.error.reset();
  const auto other = nlohmann::json::parse(price_json(refused));
  EXPECT_EQ(other["levels"][2]["refusal"], "no");
  EXPECT_EQ(other["levels"][2]["possible"], false);
  EXPECT_TRUE(other["levels"][0]["overhead_ratio_error"].is_null());
}

}  // namespace
}  // namespace gomapd::exporter
