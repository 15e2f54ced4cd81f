// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "probes/plan/plan.h"
#include "tests/support/go_build.h"

namespace gomapd::test {

// The bytes of a built Go program, and ways to make it another one.
class GoFile {
 public:
  explicit GoFile(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] std::vector<std::byte>& bytes() { return bytes_; }

  // The first `from` in the code of `function` becomes `to`, of the same length.
  void patch(std::string_view function, std::string_view from, std::string_view to) {
    const auto found = find(function);
    ASSERT_TRUE(found) << function;
    const auto code = std::as_writable_bytes(std::span(bytes_)).subspan(found->begin, found->size);
    const auto at = std::ranges::search(code, std::as_bytes(std::span(from)));
    ASSERT_FALSE(at.empty()) << "not in " << function;
    ASSERT_EQ(from.size(), to.size());
    std::ranges::copy(std::as_bytes(std::span(to)), at.begin());
  }

  // Where `function` lies: in the file, and in memory.
  struct Place {
    std::size_t begin = 0;
    std::size_t size = 0;
    elf::Vaddr address = 0;
  };
  [[nodiscard]] std::optional<Place> find(std::string_view function) const {
    const auto binary = analyse(bytes_);
    if (!binary) return std::nullopt;
    std::optional<Place> place;
    binary->pclntab.for_each([&](const go::Function& one) {
      const auto offset = binary->image.file_offset(one.entry);
      if (one.name == function && offset) place = {*offset, one.end - one.entry, one.entry};
    });
    return place;
  }

 private:
  std::vector<std::byte> bytes_;
};

// The truth program, built by Go `minor` with `flags`; null, and why, where it
// can't be had.
inline std::optional<GoFile> truth_program(
    const std::string& minor, const std::vector<std::string>& flags, std::string& missing,
    const std::vector<std::string>& env = {"CGO_ENABLED=0", "GOEXPERIMENT="}) {
  const auto root = go_root(minor);
  if (!root) {
    missing = "no Go toolchain: run scripts/go-toolchains.sh " + minor;
    return std::nullopt;
  }
  const auto folder = std::filesystem::path(GOMAPD_TEST_SUPPORT).parent_path() / "truth";
  const auto path = build_go_program(*root, folder, flags, env);
  auto bytes = path ? read_file(*path) : std::unexpected(path.error());
  if (bytes) return GoFile(*std::move(bytes));
  missing = "this toolchain can't build it here: " + bytes.error().context;
  return std::nullopt;
}

}  // namespace gomapd::test
