// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/cli/life_options.h"

#include <fmt/core.h>

#include <charconv>
#include <string_view>

namespace gomapd::cli {
namespace {

// Hexadecimal, as reports have it: with 0x in front, or without.
std::optional<std::uint64_t> parse_address(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  std::uint64_t address = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, address, 16);
  if (error != std::errc{} || end != last || address == 0) return std::nullopt;
  return address;
}

}  // namespace

void LifeOptions::describe(CLI::App& command) {
  command
      .add_option("--map", addresses_,
                  "Tell the life of the map at this address: why each growth began, how far it "
                  "came, what it left; may be repeated")
      ->type_name("ADDR")
      ->allow_extra_args(false);
  command.add_flag("-v,--verbose", all_, "Tell the life of every map");
}

Result<std::optional<std::set<std::uint64_t>>> LifeOptions::take(const std::string& command) const {
  std::set<std::uint64_t> addresses;
  for (const auto& text : addresses_) {
    const auto address = parse_address(text);
    if (!address)
      return fail(Errc::kUsage,
                  fmt::format("{}: --map {}: not an address such as 0xc000012345", command, text));
    addresses.insert(*address);
  }
  if (all_) return std::set<std::uint64_t>{};
  if (addresses.empty()) return std::optional<std::set<std::uint64_t>>();
  return addresses;
}

}  // namespace gomapd::cli
