// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// Readers as they are, and such as a hostile file could make of them.
#include "daemon/analyst/analyst.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "daemon/analyst/conversation.h"
#include "daemon/privilege/sanitizer.h"
#include "tests/support/elf_builder.h"
#include "tests/support/go_build.h"
#include "tests/support/go_program.h"

namespace gomapd::analyst {
namespace {

using std::chrono::milliseconds;

// Read by the hostile ones below; the request itself is not looked at.
void take_request(int conversation) {
  std::uint32_t length = 0;
  (void)!read(conversation, &length, sizeof(length));
  std::vector<std::byte> request(length);
  (void)!read(conversation, request.data(), request.size());
}

void answer(int conversation, const Message& message) {
  const auto length = static_cast<std::uint32_t>(message.size());
  (void)!write(conversation, &length, sizeof(length));
  (void)!write(conversation, message.data(), message.size());
}

// The test program itself, which is no Go program but a file that is there.
proc::File own_executable() {
  return *proc::File::open("/proc/self/exe");
}

struct Hostile {
  const char* name;
  Serve serve;
  const char* said;
  milliseconds patience{60'000};
};

void PrintTo(const Hostile& hostile, std::ostream* out) {
  *out << hostile.name;
}

class HostileReader : public testing::TestWithParam<Hostile> {};

TEST_P(HostileReader, IsARefusalWithAReason) {
  const std::string_view said = GetParam().said;
  if (privilege::kUnderSanitizer &&
      (said == "system call" || said == "memory" || said == "SIGSEGV"))
    GTEST_SKIP() << "a sanitizer has calls and signals of its own: it is not shut in";
  auto workshop = Workshop::start(GetParam().serve, {.cpu_seconds = 1}).value();
  const auto file = own_executable();
  Analyst analyst(&workshop, file.fd(), {GetParam().patience, GetParam().patience});
  const auto plan = analyst.plan();
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::kReaderFailed);
  EXPECT_NE(plan.error().context.find(GetParam().said), std::string::npos) << plan.error().context;
  // It is not asked again, and its end is told once.
  EXPECT_FALSE(analyst.is_running());
  EXPECT_FALSE(analyst.holds_go_code());
  EXPECT_FALSE(analyst.is_running());
  EXPECT_TRUE(analyst.take_failure());
  EXPECT_FALSE(analyst.take_failure());
  // Others go on.
  EXPECT_TRUE(workshop.reader_of(file.fd()));
}

constexpr auto kCrashes = [](int conversation, Bytes) {
  take_request(conversation);
  (void)raise(SIGSEGV);
};
constexpr auto kWrites = [](int conversation, Bytes) {
  take_request(conversation);
  volatile int* nowhere = nullptr;
  *nowhere = 1;
};
constexpr auto kSpins = [](int conversation, Bytes) {
  take_request(conversation);
  volatile int turns = 0;
  while (true) turns = turns + 1;
};
constexpr auto kStalls = [](int conversation, Bytes) {
  while (true) take_request(conversation);
};
constexpr auto kOpens = [](int conversation, Bytes) {
  take_request(conversation);
  (void)open("/etc/passwd", O_RDONLY | O_CLOEXEC);
};
constexpr auto kForks = [](int conversation, Bytes) {
  take_request(conversation);
  (void)fork();
};
constexpr auto kConnects = [](int conversation, Bytes) {
  take_request(conversation);
  (void)socket(AF_INET, SOCK_STREAM, 0);
};
constexpr auto kRunsMemory = [](int conversation, Bytes) {
  take_request(conversation);
  (void)mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
};
constexpr auto kSignals = [](int conversation, Bytes) {
  take_request(conversation);
  (void)kill(getppid(), SIGTERM);
};
constexpr auto kHoards = [](int conversation, Bytes file) {
  Message* hoard = new Message;
  take_request(conversation);
  try {
    while (true) hoard = new Message(64U << 20U);
  } catch (const std::bad_alloc&) {
    _exit(kOutOfMemory);
  }
  (void)hoard;
  (void)file;
};
constexpr auto kLeaves = [](int, Bytes) {};
constexpr auto kSaysNothing = [](int conversation, Bytes) {
  take_request(conversation);
  answer(conversation, {});
};
constexpr auto kAnnounces = [](int conversation, Bytes) {
  take_request(conversation);
  const std::uint32_t length = UINT32_MAX;
  (void)!write(conversation, &length, sizeof(length));
};
constexpr auto kGarbage = [](int conversation, Bytes file) {
  take_request(conversation);
  answer(conversation, Message(file.begin(), file.begin() + 1000));
};
constexpr auto kLies = [](int conversation, Bytes) {
  take_request(conversation);
  Plan plan;
  plan.machine = elf::Machine::kAmd64;
  plan.design = go::Design::kClassic;
  plan.version = {22, 0};
  plan.sites.resize(1);
  plan.sites[0].address = plan.sites[0].kernel.address = 0x7fff00000000;
  plan.sites[0].entry = 0x7fff00000000;
  answer(conversation, encode(plan));
};

INSTANTIATE_TEST_SUITE_P(
    All, HostileReader,
    testing::Values(
        Hostile{"crashes", +kWrites, "SIGSEGV"},
        // raise() is a system call, and not one that it may make.
        Hostile{"raises", +kCrashes, "system call"}, Hostile{"spins", +kSpins, "CPU time"},
        Hostile{"stalls", +kStalls, "did not answer within 500 ms", milliseconds(500)},
        Hostile{"opens", +kOpens, "system call"}, Hostile{"forks", +kForks, "system call"},
        Hostile{"connects", +kConnects, "system call"},
        Hostile{"runs_memory", +kRunsMemory, "system call"},
        Hostile{"signals", +kSignals, "system call"}, Hostile{"hoards", +kHoards, "memory"},
        Hostile{"leaves", +kLeaves, "ended without an answer"},
        Hostile{"says_nothing", +kSaysNothing, "not to be trusted"},
        Hostile{"announces", +kAnnounces, "announced 4294967295 bytes"},
        Hostile{"garbage", +kGarbage, "not to be trusted"},
        Hostile{"lies", +kLies, "outside the executable"}),
    [](const auto& test) { return std::string(test.param.name); });

// The values of /proc/PID/status.
std::map<std::string, std::string> status_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  std::map<std::string, std::string> values;
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(":\t");
    if (colon != std::string::npos) values[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return values;
}

void expect_no_capabilities(std::map<std::string, std::string> status) {
  for (const auto* set : {"CapEff", "CapPrm", "CapInh", "CapAmb"})
    EXPECT_EQ(status[set], "0000000000000000") << set;
  if (geteuid() == 0) {
    EXPECT_EQ(status["CapBnd"], "0000000000000000");
  }
  EXPECT_EQ(status["NoNewPrivs"], "1");
}

TEST(Analyst, HoldsNothingThatItNeedNot) {
  auto workshop = Workshop::start().value();
  const auto file = own_executable();
  Analyst analyst(&workshop, file.fd());
  ASSERT_TRUE(analyst.holds_go_code());
  auto status = status_of(analyst.reader_pid());
  expect_no_capabilities(status);
  EXPECT_EQ(status["Seccomp"], "2");
  EXPECT_EQ(status["Threads"], "1");
  expect_no_capabilities(status_of(workshop.pid()));
  if (geteuid() != 0) GTEST_SKIP() << "whose descriptors it holds, only root may see";
  std::size_t descriptors = 0;
  for ([[maybe_unused]] const auto& one :
       std::filesystem::directory_iterator("/proc/" + std::to_string(analyst.reader_pid()) + "/fd"))
    ++descriptors;
  EXPECT_EQ(descriptors, 4U);  // /dev/null three times, the conversation
}

TEST(Analyst, IsEndedAndStartedAgain) {
  auto workshop = Workshop::start().value();
  const auto file = own_executable();
  Analyst analyst(&workshop, file.fd());
  ASSERT_TRUE(analyst.holds_go_code());
  const auto first = analyst.reader_pid();
  analyst.rest();
  EXPECT_FALSE(analyst.is_running());
  ASSERT_TRUE(analyst.holds_go_code());
  EXPECT_NE(analyst.reader_pid(), first);
  EXPECT_FALSE(analyst.take_failure());
}

// Who may not wait is answered later, at the latest when patience ends.
TEST(Analyst, IsNotWaitedForLongerThanAllowed) {
  auto workshop = Workshop::start(+kStalls).value();
  const auto file = own_executable();
  Analyst analyst(&workshop, file.fd(), {.plan = milliseconds(300), .other = milliseconds(300)});
  analyst.wait_no_longer_than(milliseconds(0));
  ASSERT_FALSE(analyst.holds_go_code());
  ASSERT_TRUE(analyst.is_waiting());
  EXPECT_FALSE(analyst.take_failure());
  while (analyst.is_waiting()) ASSERT_FALSE(analyst.holds_go_code());
  EXPECT_EQ(analyst.take_failure(), "its reader did not answer within 300 ms");
  EXPECT_FALSE(analyst.is_running());
}

TEST(Analyst, AnswersWhatIsAskedAgain) {
  auto workshop = Workshop::start().value();
  const auto file = own_executable();
  Analyst analyst(&workshop, file.fd());
  analyst.wait_no_longer_than(milliseconds(0));
  auto answer = analyst.holds_go_code();
  while (analyst.is_waiting()) answer = analyst.holds_go_code();
  ASSERT_TRUE(answer) << answer.error().context;
  EXPECT_FALSE(*answer);
}

// What was asked first and is not wanted any more is not taken for the answer.
TEST(Analyst, KeepsAnswersApartThatAreNotWaitedFor) {
  auto workshop = Workshop::start().value();
  const auto file = own_executable();
  Analyst analyst(&workshop, file.fd());
  analyst.wait_no_longer_than(milliseconds(0));
  for (int i = 0; i < 50; ++i) {
    (void)analyst.holds_go_code();
    auto version = analyst.library_version();
    while (analyst.is_waiting()) version = analyst.library_version();
    ASSERT_FALSE(version);
    EXPECT_EQ(version.error().code, Errc::kNotGo) << version.error().context;
  }
}

// By the kernel, when memory is out: the file need not be to blame, and not for ever.
TEST(Analyst, NoticesThatItsReaderWasKilled) {
  auto workshop = Workshop::start().value();
  const auto file = own_executable();
  Analyst analyst(&workshop, file.fd());
  for (int times = 1; times <= 3; ++times) {
    ASSERT_TRUE(analyst.holds_go_code());
    kill(analyst.reader_pid(), SIGKILL);
    const auto answer = analyst.holds_go_code();
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().context.find("SIGKILL"), std::string::npos) << answer.error().context;
    EXPECT_EQ(analyst.take_failure().has_value(), times == 3);
  }
  EXPECT_FALSE(analyst.holds_go_code());
}

// A file that is cut short while it is mapped raises SIGBUS in whoever reads it.
TEST(Analyst, SurvivesAFileThatIsCutShort) {
  if (privilege::kUnderSanitizer) GTEST_SKIP() << "a sanitizer takes SIGBUS for itself";
  const auto path =
      std::filesystem::temp_directory_path() / ("gomapd-analyst-" + std::to_string(getpid()));
  const auto bytes =
      test::ElfBuilder().text(0x401000, std::vector<std::byte>(1U << 20U, std::byte{0x90})).build();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  auto workshop = Workshop::start().value();
  const auto file = proc::File::open(path).value();
  Analyst analyst(&workshop, file.fd());
  // It has its file mapped once it has answered.
  ASSERT_FALSE(analyst.library_version());
  std::filesystem::resize_file(path, 0);
  const auto plan = analyst.plan();
  std::filesystem::remove(path);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::kReaderFailed);
  EXPECT_NE(plan.error().context.find("cut short"), std::string::npos) << plan.error().context;
}

TEST(Analyst, SaysWhatIsNoGoProgram) {
  auto workshop = Workshop::start().value();
  const auto file = own_executable();
  Analyst analyst(&workshop, file.fd());
  EXPECT_FALSE(analyst.holds_go_code().value());
  const auto plan = analyst.plan();
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::kNotGo) << plan.error().context;
  EXPECT_FALSE(analyst.take_failure());
}

TEST(Analyst, ServesSeveralThreads) {
  auto workshop = Workshop::start().value();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      const auto file = own_executable();
      for (int round = 0; round < 10; ++round) {
        Analyst analyst(&workshop, file.fd());
        EXPECT_TRUE(analyst.holds_go_code());
      }
    });
}

// The same as in this process, for programs that others built.
class OfATarget : public testing::TestWithParam<const char*> {};

TEST_P(OfATarget, TellsWhatTheFileTells) {
  const auto path = test::cache_folder() / "targets" / GetParam() / "usr/bin" / GetParam();
  if (!std::filesystem::exists(path))
    GTEST_SKIP() << "not there: run scripts/targets.sh " << GetParam();
  const auto program = test::load_program(path).value();
  const auto binary = gomapd::analyse(program.bytes).value();
  auto workshop = Workshop::start().value();
  const auto file = proc::File::open(path).value();
  Analyst analyst(&workshop, file.fd());
  const auto plan = analyst.plan();
  ASSERT_TRUE(plan) << plan.error().context;
  EXPECT_EQ(encode(*plan), encode(static_cast<const Plan&>(binary)));
  EXPECT_FALSE(plan->sites.empty());
  const std::vector<std::uint64_t> pcs{plan->sites.front().address + 1,
                                       binary.moduledata.text + 0x1001};
  EXPECT_EQ(encode(analyst.symbolize(pcs, symbol::RuntimeFrames::kShow)),
            encode(symbol::symbolize(binary.pclntab, pcs, symbol::RuntimeFrames::kShow)));
  EXPECT_EQ(analyst.function_at(plan->sites.front().entry)->function, plan->sites.front().function);
}

INSTANTIATE_TEST_SUITE_P(All, OfATarget, testing::Values("hugo", "etcd", "caddy", "kubectl"));

}  // namespace
}  // namespace gomapd::analyst
