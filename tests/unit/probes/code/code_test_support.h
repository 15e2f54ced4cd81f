// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "probes/code/site.h"

namespace gomapd::code {

// "48 89 e5" -> bytes. Spaces are free, so that a test can write one
// instruction a line.
inline std::vector<std::byte> from_hex(std::string_view hex) {
  std::string digits;
  for (const char c : hex)
    if (c != ' ' && c != '\n') digits.push_back(c);
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoul(digits.substr(i, 2), nullptr, 16)));
  return bytes;
}

// arm64: "f81c0ffe d65f03c0", each word as a disassembler shows it.
inline std::vector<std::byte> from_words(std::string_view words) {
  auto bytes = from_hex(words);
  for (auto at = bytes.begin(); bytes.end() - at >= 4; at += 4) std::reverse(at, at + 4);
  return bytes;
}

constexpr elf::Vaddr kTestEntry = 0x401000;

inline Result<FunctionCode> decode_hex(std::string_view hex, const NeverReturns& never = {}) {
  return FunctionCode::decode(from_hex(hex), kTestEntry, elf::Machine::kAmd64, never);
}

// "+0x4 jbe unless-taken", "+0xa push rbp", "+0x9 ret stepped".
inline std::string describe_site(Bytes body, const Site& site,
                                 elf::Machine machine = elf::Machine::kAmd64) {
  auto text = format(body, kTestEntry, machine, site.instruction);
  text = text.substr(0, text.find(" 0x"));
  char offset[16];
  std::snprintf(offset, sizeof offset, "+0x%x ", site.instruction.offset);
  text = offset + text;
  if (!site.instruction.emulated) text += " stepped";
  if (site.rule == HitRule::kUnlessBranchTaken) text += " unless-taken";
  return text;
}

// "0" for rax, "[rsp+0x40]", "?".
inline std::string describe_location(const Location& location) {
  switch (location.kind) {
    case Location::Kind::kRegister: return std::to_string(static_cast<unsigned>(location.reg));
    case Location::Kind::kStack: {
      char text[32];
      std::snprintf(text, sizeof text, "[rsp+0x%x]", static_cast<unsigned>(location.displacement));
      return text;
    }
    case Location::Kind::kNowhere: break;
  }
  return "?";
}

inline std::string describe_start(std::string_view hex, const NeverReturns& never = {}) {
  const auto code = decode_hex(hex, never);
  if (!code) return code.error().context;
  const auto site = code->start_site();
  return site ? describe_site(from_hex(hex), *site) : site.error().context;
}

inline std::string describe_ends(std::string_view hex, const NeverReturns& never = {}) {
  const auto code = decode_hex(hex, never);
  if (!code) return code.error().context;
  const auto sites = code->end_sites();
  if (!sites) return sites.error().context;
  std::string text;
  for (const auto& site : *sites)
    text += (text.empty() ? "" : ", ") + describe_site(from_hex(hex), site);
  return text;
}

inline std::string describe_done(std::string_view hex) {
  const auto code = decode_hex(hex);
  if (!code) return code.error().context;
  const auto site = code->evacuation_done_site();
  if (!site) return site.error().context;
  return describe_site(from_hex(hex), *site) + " h=" + describe_location(site->hmap);
}

}  // namespace gomapd::code
