// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/export/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace gomapd::exporter {
namespace {

using testing::HasSubstr;
using testing::Not;

class Metrics : public testing::Test {
 protected:
  Metrics() {
    auto& workload = state_.workloads.emplace_back();
    workload.identity = {"server", "api.service", ""};
    auto& swiss = workload.by_design[go::Design::kSwiss];
    swiss.growths[GM_KIND_SPLIT] = 12;
    swiss.durations.counts[0] = 10;
    swiss.durations.counts[2] = 1;
    swiss.durations.counts.back() = 1;
    swiss.durations.sum_ns = 1'500'000'000;
    for (const int line : {10, 20}) {
      auto& site = state_.sites.emplace_back();
      site.function = "main.f";
      site.file = "f.go";
      site.line = line;
      site.map_type = "map[string]int";
      site.growths = 6;
      site.max_keys = static_cast<std::uint64_t>(line);
    }
  }

  std::string text() { return prometheus_text(collect(state_, {}, web_)); }

  model::HostState state_;
  WebCounts web_;
};

constexpr std::string_view kLabels = R"(exe="server",unit="api.service",container_id="")";

TEST_F(Metrics, CountGrowthsByKind) {
  EXPECT_THAT(text(), HasSubstr("gomapd_map_growths_total{" + std::string(kLabels) +
                                R"(,impl="swiss",kind="split"} 12)"));
  EXPECT_THAT(text(), HasSubstr(R"(kind="to_table"} 0)"));
  EXPECT_THAT(text(), Not(HasSubstr(R"(kind="same_size")"))) << "classic maps only";
}

TEST_F(Metrics, HaveDurationsInSeconds) {
  EXPECT_THAT(text(), HasSubstr(R"(le="1e-06"} 10)"));
  EXPECT_THAT(text(), HasSubstr(R"(le="1.6e-05"} 11)"));
  EXPECT_THAT(text(), HasSubstr(R"(le="+Inf"} 12)"));
  EXPECT_THAT(text(), HasSubstr(R"(impl="swiss"} 1.5)"));
}

TEST_F(Metrics, SumUpTheLinesOfAFunction) {
  const auto labels =
      "{" + std::string(kLabels) + R"(,function="main.f",map_type="map[string]int"} )";
  EXPECT_THAT(text(), HasSubstr("gomapd_site_growths_total" + labels + "12"));
  EXPECT_THAT(text(), HasSubstr("gomapd_site_max_keys" + labels + "20"));
}

TEST_F(Metrics, TellProcessesApartWhereAsked) {
  state_.workloads[0].pid = 4711;
  EXPECT_THAT(text(), HasSubstr(R"(container_id="",pid="4711")"));
}

TEST_F(Metrics, KeepLabelsShortAndApart) {
  state_.sites[0].map_type = "map[string]struct { " + std::string(5000, 'a') + " }";
  state_.sites[1].map_type = "map[string]struct { " + std::string(5000, 'a') + "b }";
  std::set<std::string> types;
  for (const auto& family : collect(state_, {}, web_))
    for (const auto& metric : family.metric)
      for (const auto& label : metric.label) {
        EXPECT_LE(label.value.size(), kMaxLabel);
        if (label.name == "map_type") types.insert(label.value);
      }
  EXPECT_EQ(types.size(), 2);
}

TEST_F(Metrics, MakeHostileNamesHarmless) {
  state_.workloads[0].identity.exe = "a\"b\\c\nd\xff\x1b[31m";
  const auto out = text();
  EXPECT_THAT(out, HasSubstr(R"(exe="a\"b\\c)"));
  EXPECT_EQ(out.find('\xff'), std::string::npos);
  EXPECT_EQ(out.find('\x1b'), std::string::npos);
}

TEST_F(Metrics, TellHostileNamesApart) {
  state_.workloads.push_back(state_.workloads[0]);
  state_.workloads[0].identity.exe = "a\nb";
  state_.workloads[1].identity.exe = R"(a\x0ab)";
  state_.sites.clear();
  EXPECT_THAT(text(), HasSubstr(R"(gomapd_growth_storm{exe="a\\x0ab",)"));
  EXPECT_THAT(text(), HasSubstr(R"(gomapd_growth_storm{exe="a\\x0ab~)"));
}

TEST_F(Metrics, CountFailuresOfEachKindFromTheStart) {
  state_.attach_failures["permission"] = 3;
  EXPECT_THAT(text(), HasSubstr(R"(gomapd_attach_failures_total{reason="permission"} 3)"));
  EXPECT_THAT(text(), HasSubstr(R"(gomapd_attach_failures_total{reason="unsupported"} 0)"));
  EXPECT_THAT(text(), HasSubstr(R"(gomapd_attach_failures_total{reason="reader_failed"} 0)"));
}

TEST_F(Metrics, TellWhatTheWebServerRefused) {
  web_.requests = 70;
  web_.rate_limit = 7;
  web_.refused_configs = 2;
  EXPECT_THAT(text(), HasSubstr("\ngomapd_http_requests_total 70\n"));
  EXPECT_THAT(text(), HasSubstr(R"(gomapd_http_refused_total{reason="rate_limit"} 7)"));
  EXPECT_THAT(text(), HasSubstr(R"(gomapd_http_refused_total{reason="handshake"} 0)"));
  EXPECT_THAT(text(), HasSubstr("\ngomapd_web_config_refused_total 2\n"));
}

TEST_F(Metrics, AreInTheTable) {
  const auto families = collect(state_, {}, web_);
  ASSERT_EQ(families.size(), metric_table().size());
  for (std::size_t i = 0; i < families.size(); ++i)
    EXPECT_EQ(families[i].name, metric_table()[i].name);
}

TEST_F(Metrics, AreTheOnesThatThePageTells) {
  std::ifstream file(std::string(GOMAPD_SOURCE_FOLDER) + "/METRICS.md");
  const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_EQ(page, metrics_page()) << "make metrics-page writes it anew";
}

TEST_F(Metrics, ComeAsOpenMetrics) {
  const auto out = openmetrics_text(collect(state_, {}, web_));
  EXPECT_THAT(out, HasSubstr("# TYPE gomapd_map_growths counter\n"));
  EXPECT_THAT(out, HasSubstr("\ngomapd_map_growths_total{"));
  EXPECT_THAT(out, HasSubstr("# UNIT gomapd_map_growth_duration_seconds seconds\n"));
  EXPECT_THAT(out, HasSubstr("# TYPE gomapd_build info\n"));
  EXPECT_TRUE(out.ends_with("# EOF\n"));
}

TEST(OpenMetrics, IsWantedWhereItIsNamed) {
  EXPECT_TRUE(
      wants_openmetrics("application/openmetrics-text;version=1.0.0,application/"
                        "openmetrics-text;version=0.0.1;q=0.75,"
                        "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
  EXPECT_FALSE(wants_openmetrics(""));
  EXPECT_FALSE(wants_openmetrics("*/*"));
  EXPECT_FALSE(wants_openmetrics("text/html,text/plain"));
  EXPECT_FALSE(wants_openmetrics("text/plain,application/openmetrics-text;q=0.5"));
  EXPECT_FALSE(wants_openmetrics("application/openmetrics-text;q=0"));
}

}  // namespace
}  // namespace gomapd::exporter
