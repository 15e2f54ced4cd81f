// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/analyst/analyst.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "daemon/analyst/conversation.h"
#include "daemon/analyst/judge.h"

namespace gomapd::analyst {
namespace {

// What becomes of a reader whose conversation has ended is known a moment later.
constexpr int kEndingMs = 1000;
constexpr int kMostKilled = 3;

std::string end_of(int status) {
  if (WIFSIGNALED(status)) {
    switch (WTERMSIG(status)) {
      case SIGSYS: return "its reader tried a system call that it may not make";
      case SIGXCPU: return "its reader took more CPU time than it may";
      case SIGBUS: return "it was cut short while it was read";
      default:
        return fmt::format("its reader was ended by signal {} (SIG{})", WTERMSIG(status),
                           sigabbrev_np(WTERMSIG(status)));
    }
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kOutOfMemory)
    return "its reader ran out of the memory that it may have";
  if (WIFEXITED(status) && WEXITSTATUS(status) == kShutInFailed)
    return "its reader could not be shut in: does this kernel have seccomp filters?";
  return "its reader ended without an answer";
}

ReadAt reading(int file) {
  return [file](elf::FileOffset offset, std::span<std::byte> out) {
    const auto count = pread(file, out.data(), out.size(), static_cast<off_t>(offset));
    return count < 0 ? std::size_t{0} : static_cast<std::size_t>(count);
  };
}

}  // namespace

Result<Plan> Analyst::plan() {
  auto plan = TRY(ask<Plan>({.question = Question::kPlan}, patience_.plan));
  struct stat info{};
  if (fstat(file_, &info) != 0) return fail(Errc::kSystem, "fstat: " + errno_text(errno));
  const auto read = reading(file_);
  const auto headers = read_headers(read, static_cast<std::uint64_t>(info.st_size));
  if (const auto judged = judge(plan, headers, read); !judged)
    return std::unexpected(give_up(judged.error()));
  return plan;
}

Result<bool> Analyst::holds_go_code() {
  return ask<bool>({.question = Question::kHoldsGoCode}, patience_.other);
}

Result<std::string> Analyst::library_version() {
  return ask<std::string>({.question = Question::kLibraryVersion}, patience_.other);
}

Result<go::GoMapType> Analyst::map_type(elf::Vaddr address, const go::TypeLayout& layout) {
  return ask<go::GoMapType>({.question = Question::kMapType, .address = address, .layout = layout},
                            patience_.other);
}

bool Analyst::read_file(elf::Vaddr address, std::span<std::byte> out, go::Content content) {
  if (out.size() > kMaxRead) return false;
  const auto bytes = ask<Message>({.question = Question::kRead,
                                   .address = address,
                                   .length = static_cast<std::uint32_t>(out.size()),
                                   .content = content},
                                  patience_.other);
  if (!bytes || bytes->size() != out.size()) return false;
  std::ranges::copy(*bytes, out.begin());
  return true;
}

std::vector<symbol::Frame> Analyst::symbolize(std::span<const std::uint64_t> pcs,
                                              symbol::RuntimeFrames shown) {
  Request request{.question = Question::kSymbolize, .shown = shown};
  request.pcs.assign(pcs.begin(), pcs.end());
  return ask<std::vector<symbol::Frame>>(request, patience_.other)
      .value_or(std::vector<symbol::Frame>());
}

std::optional<symbol::Frame> Analyst::function_at(std::uint64_t pc) {
  auto frames = ask<std::vector<symbol::Frame>>({.question = Question::kCaller, .address = pc},
                                                patience_.other);
  if (!frames || frames->empty()) return std::nullopt;
  return std::move(frames->front());
}

void Analyst::rest() {
  question_.reset();
  if (reader_) workshop_->end(*std::exchange(reader_, std::nullopt));
}

std::optional<std::string> Analyst::take_failure() {
  if (!failure_ || std::exchange(told_, true)) return std::nullopt;
  return failure_->context;
}

template <typename T>
Result<T> Analyst::ask(const Request& request, std::chrono::milliseconds patience) {
  if (failure_) return std::unexpected(*failure_);
  asked_ = std::chrono::steady_clock::now();
  const auto message = TRY(converse_with_reader(request, patience));
  auto answer = decode_answer<T>(message);
  if (!answer && answer.error().code == Errc::kReaderFailed)
    return std::unexpected(give_up(answer.error()));
  return answer;
}

Result<Message> Analyst::converse_with_reader(const Request& request,
                                              std::chrono::milliseconds patience) {
  const auto not_yet = [] { return fail(Errc::kGone, "its reader has not answered yet"); };
  const auto question = encode(request);
  // An answer that nobody waits for any more comes first.
  if (question_ && !question_->asks(question) && !TRY(hear(std::chrono::milliseconds(0))))
    return not_yet();
  if (!reader_) reader_ = TRY(workshop_->reader_of(file_));
  if (!question_) question_.emplace(reader_->conversation.get(), question, patience);
  auto answer = TRY(hear(std::min(patience, longest_wait_)));
  if (!answer) return not_yet();
  return *std::move(answer);
}

Result<std::optional<Message>> Analyst::hear(std::chrono::milliseconds longest) {
  auto answer = question_->go_on(longest);
  if (answer && !*answer) return answer;
  question_.reset();
  if (answer) return answer;
  // It has ended, and how says more than that.
  pollfd ended{.fd = reader_->pidfd.get(), .events = POLLIN, .revents = 0};
  if (answer.error().code != Errc::kGone || poll(&ended, 1, kEndingMs) <= 0)
    return std::unexpected(give_up(answer.error()));
  const int status = workshop_->end(*std::exchange(reader_, std::nullopt));
  const Error error{Errc::kReaderFailed, end_of(status)};
  // That it can't do to itself: memory was out, or somebody did it.
  const bool by_others = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  if (by_others && ++killed_ < kMostKilled) return std::unexpected(error);
  return std::unexpected(give_up(error));
}

// The error that it stays with.
Error Analyst::give_up(const Error& error) {
  failure_ = Error{Errc::kReaderFailed, error.context};
  rest();
  return *failure_;
}

}  // namespace gomapd::analyst
