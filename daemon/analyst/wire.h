// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/symbol/symbolizer.h"
#include "probes/plan/plan.h"

// What the daemon and the process that reads a target's file say to each other. Pure:
// values ⇄ bytes. The reader may be in a hostile file's hands, so every length that it
// states is bounded and checked before anything is made of it. Little-endian, no padding,
// one version: both ends are the same program.
namespace gomapd::analyst {

// A message is a u32, the length of what follows, and that.
inline constexpr std::uint32_t kMaxRequestBytes = 64U << 10U;
inline constexpr std::uint32_t kMaxReplyBytes = 4U << 20U;
inline constexpr std::size_t kMaxText = 4096;  // pclntab cuts names there, too
inline constexpr std::size_t kMaxSites = GM_MAX_SITES;
inline constexpr std::size_t kMaxPcs = 4096;
inline constexpr std::size_t kMaxFrames = 4096;
inline constexpr std::size_t kMaxRead = 4096;  // bytes of the file at once

enum class Question : std::uint8_t {
  kPlan = 1,        // → Plan
  kHoldsGoCode,     // → bool
  kLibraryVersion,  // by section headers alone → text; kNotGo
  kMapType,         // address, layout → GoMapType
  kRead,            // address, length, content → bytes
  kSymbolize,       // pcs, shown → Frames
  kCaller,          // address → Frames: the function that it lies in, whatever it is
};

struct Request {
  Question question = Question::kPlan;
  elf::Vaddr address = 0;
  std::uint32_t length = 0;
  go::Content content = go::Content::kData;
  go::TypeLayout layout = {};
  symbol::RuntimeFrames shown = symbol::RuntimeFrames::kFold;
  std::vector<std::uint64_t> pcs = {};

  friend bool operator==(const Request& one, const Request& other);
};

using Message = std::vector<std::byte>;

[[nodiscard]] Message encode(const Request& request);
// kMalformed with what is wrong, for this and all that follow: too short, too long, or a
// number that stands for nothing.
[[nodiscard]] Result<Request> decode_request(Bytes message);

// Answers. What is longer than the limits above is cut, but sites: more than there may be
// are an error.
[[nodiscard]] Message encode(const Error& error);
[[nodiscard]] Message encode(const Plan& plan);
[[nodiscard]] Message encode(bool answer);
[[nodiscard]] Message encode(const std::string& text);
[[nodiscard]] Message encode(const go::GoMapType& type);
[[nodiscard]] Message encode(Bytes bytes);
[[nodiscard]] Message encode(const std::vector<symbol::Frame>& frames);

// The answer, or the error that was sent in its place (any code but kReaderFailed), or
// kReaderFailed for what is no such answer.
template <typename T>
[[nodiscard]] Result<T> decode_answer(Bytes message);
template <>
Result<Plan> decode_answer<Plan>(Bytes message);
template <>
Result<bool> decode_answer<bool>(Bytes message);
template <>
Result<std::string> decode_answer<std::string>(Bytes message);
template <>
Result<go::GoMapType> decode_answer<go::GoMapType>(Bytes message);
template <>
Result<Message> decode_answer<Message>(Bytes message);
template <>
Result<std::vector<symbol::Frame>> decode_answer<std::vector<symbol::Frame>>(Bytes message);

}  // namespace gomapd::analyst
