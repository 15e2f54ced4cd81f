// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <span>
#include <string_view>

namespace gomapd::page {

// A file of the page, as it lies in daemon/page/. All live as long as the program.
struct PageFile {
  std::string_view path;  // "app.js", "vendor/uPlot.esm.js"
  std::string_view content_type;
  std::string_view bytes;
  std::string_view etag;  // quoted, as ETag wants it; another one when `bytes` differ
};

// In the order of CMakeLists.txt; index.html among them.
[[nodiscard]] std::span<const PageFile> page_files();

}  // namespace gomapd::page
