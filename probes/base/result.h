// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <system_error>
#include <utility>

namespace gomapd {

// What went wrong, for programs: the command line turns it into an exit code.
enum class Errc : std::uint8_t {
  kMalformed,    // bytes of the target contradict themselves or end too early
  kNotGo,        // a file, but no Go program
  kUnsupported,  // a Go program that can't be traced exactly; the context says why
  kNotFound,     // no such file or process
  kGone,         // the process went away
  kPermission,   // the kernel said no
  kNoKernelFeature,
  kUsage,
  kSystem,        // any other failed system call
  kReaderFailed,  // the process that reads a target's file crashed, stalled or misled us
};

// `context` is for people: what, where and, if it helps, what to do. One line,
// no full stop.
struct Error {
  Errc code;
  std::string context;
};

template <typename T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string context) {
  return std::unexpected(Error{code, std::move(context)});
}

// Puts the layer's own context before the error of the layer below.
[[nodiscard]] inline std::unexpected<Error> add_context(std::string context, const Error& error) {
  context += ": ";
  context += error.context;
  return std::unexpected(Error{error.code, std::move(context)});
}

// The words for an errno value.
[[nodiscard]] inline std::string errno_text(int error) {
  return std::generic_category().message(error);
}

}  // namespace gomapd

// NOLINTBEGIN(bugprone-macro-parentheses): a name that is declared takes none
#define GOMAPD_CONCAT_INNER(a, b) a##b
#define GOMAPD_CONCAT(a, b) GOMAPD_CONCAT_INNER(a, b)
#define GOMAPD_TRY_NAMED(result, expression)                        \
  __extension__({                                                   \
    auto result = (expression);                                     \
    if (!result) return std::unexpected(std::move(result).error()); \
    *std::move(result);                                             \
  })

// The value of a Result, or return its error from the calling function.
// `const auto header = TRY(read_header(bytes));`
#define TRY(expression) GOMAPD_TRY_NAMED(GOMAPD_CONCAT(try_result_, __COUNTER__), expression)

// The same for Result<void>.
#define TRY_VOID_NAMED(result, expression)                                                      \
  do {                                                                                          \
    if (auto result = (expression); !result) return std::unexpected(std::move(result).error()); \
  } while (false)
#define TRY_VOID(expression) TRY_VOID_NAMED(GOMAPD_CONCAT(try_result_, __COUNTER__), expression)
// NOLINTEND(bugprone-macro-parentheses)
