// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/app/page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace gomapd::app {
namespace {

namespace fs = std::filesystem;
using http::Request;
using http::Response;

const fs::path kFolder = fs::path(GOMAPD_SOURCE_FOLDER) / "daemon" / "page";

Response get(const std::string& path, http::Fields headers = {}) {
  const auto routes = page_routes("the index\n");
  const auto route = std::ranges::find(routes, path, &http::Route::path);
  if (route == routes.end()) return {.status = 404, .headers = {}};
  Request request;
  request.path = path;
  request.headers = std::move(headers);
  return route->handler(request);
}

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}

std::string source(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_served(const fs::path& path) {
  constexpr std::array<std::string_view, 4> kKinds{".html", ".css", ".js", ".svg"};
  return std::ranges::find(kKinds, path.extension().string()) != kKinds.end();
}

TEST(Page, HoldsEachFileByteForByte) {
  for (const auto& entry : fs::recursive_directory_iterator(kFolder)) {
    const auto name = fs::relative(entry.path(), kFolder).string();
    if (!entry.is_regular_file() || !is_served(entry.path()) || name == "index.html") continue;
    const auto response = get("/page/" + name);
    EXPECT_EQ(response.status, 200) << name << " is missing in CMakeLists.txt";
    EXPECT_EQ(response.body, source(entry.path())) << name;
  }
}

TEST(Page, GivesBrowsersThePageAndOthersTheIndex) {
  const auto page = get("/", {{"accept", "text/html,application/xhtml+xml,*/*;q=0.8"}});
  EXPECT_EQ(page.body, source(kFolder / "index.html"));
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(header(page, "Vary"), "Accept");
  for (const auto& accept : {"*/*", "", "application/json"})
    EXPECT_EQ(get("/", {{"accept", accept}}).body, "the index\n") << accept;
}

TEST(Page, AllowsNothingButItsOwnFiles) {
  const auto policy = header(get("/", {{"accept", "text/html"}}), "Content-Security-Policy");
  EXPECT_TRUE(policy.starts_with("default-src 'none'; ")) << policy;
  EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
  EXPECT_EQ(policy.find('*'), std::string::npos) << policy;
}

TEST(Page, IsNotSentTwice) {
  const auto first = get("/page/app.js");
  const auto tag = header(first, "ETag");
  EXPECT_TRUE(tag.starts_with("W/\""));
  const auto again = get("/page/app.js", {{"if-none-match", "W/\"other\", " + tag}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(header(again, "ETag"), tag);
  EXPECT_EQ(get("/page/app.js", {{"if-none-match", "W/\"other\""}}).status, 200);
}

TEST(Page, NamesNothingOutsideTheProgram) {
  for (const auto& entry : fs::recursive_directory_iterator(kFolder)) {
    if (!entry.is_regular_file() || !is_served(entry.path())) continue;
    if (entry.path().parent_path().filename() == "vendor") continue;
    const auto text = source(entry.path());
    for (const auto* scheme : {"https://", "src=\"//", "innerHTML", "eval("})
      EXPECT_EQ(text.find(scheme), std::string::npos) << entry.path() << " has " << scheme;
  }
}

}  // namespace
}  // namespace gomapd::app
