// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/model/own_code.h"

#include <algorithm>
#include <array>

namespace gomapd::model {
namespace {

// go1.15 to go1.27 src/: the folders there, without cmd (programs).
constexpr std::array<std::string_view, 53> kTopPackages{
    "archive", "arena",    "bufio",  "bytes",   "cmp",      "compress", "container", "context",
    "crypto",  "database", "debug",  "embed",   "encoding", "errors",   "expvar",    "flag",
    "fmt",     "go",       "hash",   "html",    "image",    "index",    "internal",  "io",
    "iter",    "log",      "maps",   "math",    "mime",     "net",      "os",        "path",
    "plugin",  "reflect",  "regexp", "runtime", "simd",     "slices",   "sort",      "strconv",
    "strings", "structs",  "sync",   "syscall", "testing",  "text",     "time",      "unicode",
    "unique",  "unsafe",   "uuid",   "vendor",  "weak"};
static_assert(std::ranges::is_sorted(kTopPackages));

}  // namespace

bool is_standard_library(std::string_view function) {
  // Type arguments hold paths of their own.
  function = function.substr(0, function.find('['));
  // "net" of "net/http.(*conn).serve", "main" of "main.f". A module's path begins
  // with a domain: what a dot ends before the first slash is none of Go's.
  const auto slash = function.find('/');
  const auto dot = function.find('.');
  if (slash != std::string_view::npos && dot < slash) return false;
  return std::ranges::binary_search(kTopPackages, function.substr(0, std::min(slash, dot)));
}

const symbol::Frame* nearest_own_frame(const Stack& stack) {
  const auto found = std::ranges::find_if(stack, [](const symbol::Frame& frame) {
    return !frame.function.empty() && !is_standard_library(frame.function);
  });
  return found == stack.end() ? nullptr : &*found;
}

}  // namespace gomapd::model
