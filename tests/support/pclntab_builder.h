// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "tests/support/elf_builder.h"

namespace gomapd::test {

// The releases whose pclntab or moduledata differ.
enum class GoRelease : std::uint8_t { k115, k116, k118, k120, k126, k127 };
void PrintTo(GoRelease release, std::ostream* out);  // "go1.15"

// A value that holds up to `end`, in bytes from the function's entry.
struct ValueRange {
  std::uint32_t end;
  std::int32_t value;
};

struct InlinedCallSpec {
  std::string name;
  std::uint32_t parent_pc;
  std::uint8_t func_id = 0;
};

struct FunctionSpec {
  std::string name;
  std::uint32_t size = 16;
  std::vector<ValueRange> lines = {};
  std::vector<ValueRange> inline_indexes = {};
  std::vector<InlinedCallSpec> inline_tree = {};
  std::uint8_t func_id = 0;
};

// Declares a Go program with the functions given, all in file "main.go", as
// the linker of one release would lay out pclntab and moduledata.
struct GoImageSpec {
  GoRelease release = GoRelease::k120;
  std::vector<FunctionSpec> functions = {{"main.main", 16, {{16, 7}}}};
  // As lld writes it: pointers stand in relocations, the file holds zeros.
  bool pointers_in_relocations = false;
  bool with_section = false;
};

constexpr std::uint64_t kTextAddress = 0x400000;
constexpr std::uint64_t kPclntabAddress = 0x500020;
constexpr std::uint64_t kTypesAddress = 0x5f0000;
constexpr std::uint64_t kModuledataAddress = 0x600040;

[[nodiscard]] ElfBuilder go_image(const GoImageSpec& spec);

}  // namespace gomapd::test
