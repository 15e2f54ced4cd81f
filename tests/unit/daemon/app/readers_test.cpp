// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The daemon and files whose readers hang: nobody else waits for them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "daemon/analyst/workshop.h"
#include "daemon/app/analyser.h"
#include "daemon/app/host_libraries.h"

namespace gomapd::app {
namespace {

using std::chrono::milliseconds;

// A file of one byte hangs its reader for good.
void hang_or_serve(int conversation, Bytes file) {
  volatile int turns = 0;
  while (file.size() == 1) turns = turns + 1;
  analyst::serve(conversation, file);
}

class Readers : public testing::Test {
 protected:
  Readers() { std::filesystem::create_directories(folder_); }
  ~Readers() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] proc::File file(const std::string& name, std::size_t size) const {
    std::ofstream(folder_ / name) << std::string(size, 'x');
    return proc::File::open(folder_ / name).value();
  }
  // Waits for one, and for it alone.
  template <typename Taken>
  static auto next_of(Taken take) {
    auto taken = take();
    while (taken.empty()) {
      std::this_thread::sleep_for(milliseconds(5));
      taken = take();
    }
    EXPECT_EQ(taken.size(), 1U);
    return std::move(taken.front());
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("gomapd-readers-" + std::to_string(getpid()));
  analyst::Workshop workshop_ = analyst::Workshop::start(&hang_or_serve).value();
};

TEST_F(Readers, ThatHangDelayNoOtherBinary) {
  auto analyser = Analyser::create(&workshop_, milliseconds(10)).value();
  for (std::size_t i = 1; i < Analyser::kMostAtOnce; ++i)
    analyser->submit(file("hangs" + std::to_string(i), 1), "hangs");
  for (int i = 0; i < 3; ++i) {
    auto answered = file("answers" + std::to_string(i), 100);
    const auto id = answered.id();
    analyser->submit(std::move(answered), "answers");
    const auto next = next_of([&] { return analyser->take(); });
    EXPECT_EQ(next.id, id);
    ASSERT_FALSE(next.binary);
    EXPECT_EQ(next.binary.error().code, Errc::kMalformed) << next.binary.error().context;
  }
  workshop_.close();  // or this would wait for them
}

TEST_F(Readers, OfUsualFilesFollowOneAnother) {
  auto analyser = Analyser::create(&workshop_).value();
  std::vector<proc::FileId> ids;
  for (int i = 0; i < 20; ++i) {
    auto one = file(std::to_string(i), 100);
    ids.push_back(one.id());
    analyser->submit(std::move(one), "one");
  }
  std::vector<proc::FileId> analysed;
  while (analysed.size() < ids.size())
    for (const auto& one : analyser->take()) analysed.push_back(one.id);
  EXPECT_EQ(analysed, ids);
}

// Asking returns at once, whatever the reader does; there are answers all the same.
TEST_F(Readers, OfLibrariesAreNotWaitedFor) {
  auto hangs = analyst::Workshop::start([](int, Bytes) {
                 volatile int turns = 0;
                 while (true) turns = turns + 1;
               }).value();
  HostLibraries libraries(&hangs);
  libraries.search({.pid = static_cast<std::uint32_t>(getpid())});
  EXPECT_TRUE(libraries.take().empty());
  hangs.close();
  const auto found = next_of([&] { return libraries.take(); });
  ASSERT_FALSE(found.library);
  EXPECT_EQ(found.library.error().code, Errc::kReaderFailed);
}

TEST_F(Readers, OfLibrariesFindNoneInThisProgram) {
  HostLibraries libraries(&workshop_);
  libraries.search({.pid = static_cast<std::uint32_t>(getpid()), .start_ticks = 7});
  const auto found = next_of([&] { return libraries.take(); });
  EXPECT_EQ(found.look.start_ticks, 7U);
  ASSERT_TRUE(found.library) << found.library.error().context;
  EXPECT_FALSE(*found.library);
}

}  // namespace
}  // namespace gomapd::app
