// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The allocator model beside each toolchain at hand: its source, and what its
// runtime really does.
#include <gtest/gtest.h>

#include <charconv>
#include <set>
#include <string>

#include "daemon/model/size_class.h"
#include "tests/support/go_build.h"
#include "tests/support/go_program.h"

namespace gomapd::test {
namespace {

class GoAllocator : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto root = go_root(GetParam());
    if (!root) GTEST_SKIP() << "no Go toolchain: run scripts/go-toolchains.sh " << GetParam();
    root_ = *root;
    version_ = go::parse_version("go" + GetParam()).value();
  }

  std::filesystem::path root_;
  go::Version version_;
};

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The numbers of `var NAME = [...]uint16{0, 8, 16, …}`.
std::set<std::uint64_t> table_in(std::string_view source, std::string_view name) {
  std::set<std::uint64_t> numbers;
  const auto at = source.find("var " + std::string(name) + " ");
  if (at == std::string_view::npos) return numbers;
  const auto begin = source.find('{', at) + 1;
  for (const auto& item : split(source.substr(begin, source.find('}', begin) - begin), ','))
    numbers.insert(number(std::string_view(item).substr(item.find_first_of("0123456789"))));
  return numbers;
}

std::set<std::uint64_t> classes_in_source(const std::filesystem::path& root) {
  for (const auto& [file, name] :
       {std::pair{"runtime/sizeclasses.go", "class_to_size"},
        std::pair{"internal/runtime/gc/sizeclasses.go", "SizeClassToSize"}}) {
    const auto bytes = read_file(root / "src" / file);
    if (!bytes) continue;
    auto classes = table_in({reinterpret_cast<const char*>(bytes->data()), bytes->size()}, name);
    classes.erase(0);
    return classes;
  }
  return {};
}

TEST_P(GoAllocator, HasTheClassesThatItsSourceLists) {
  const auto expected = classes_in_source(root_);
  ASSERT_GE(expected.size(), 66U);
  std::set<std::uint64_t> classes;
  for (std::uint64_t size = 1; size <= 32768; ++size)
    classes.insert(model::allocated_bytes(size, model::Scan::kNoPointers, version_));
  EXPECT_EQ(classes, expected);
}

TEST_P(GoAllocator, RoundsAsItsRuntimeDoes) {
  const auto program =
      build_go_program(root_, std::filesystem::path(GOMAPD_TEST_SUPPORT) / "go" / "allocations");
  ASSERT_TRUE(program) << program.error().context;
  const auto output = run({program->string()});
  ASSERT_TRUE(output) << output.error().context;
  const auto lines = split(*output, '\n');
  ASSERT_GT(lines.size(), 6000U);
  for (const auto& line : lines) {
    const auto words = split(line, ' ');
    ASSERT_EQ(words.size(), 3U) << line;
    const auto scan = words[0] == "pointers" ? model::Scan::kPointers : model::Scan::kNoPointers;
    ASSERT_EQ(model::usable_bytes(number(words[1]), scan, version_), number(words[2])) << line;
  }
}

INSTANTIATE_TEST_SUITE_P(Toolchains, GoAllocator,
                         testing::Values("1.15", "1.16", "1.17", "1.18", "1.19", "1.20", "1.21",
                                         "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"),
                         [](const auto& toolchain) { return "go1_" + toolchain.param.substr(2); });

}  // namespace
}  // namespace gomapd::test
