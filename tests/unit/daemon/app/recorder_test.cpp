// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// A trace told to the recorder and to the output at once, and the recording told
// to another output: both outputs are the same to the byte.
#include "daemon/app/recorder.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iterator>

#include "daemon/app/replay.h"
#include "daemon/app/trace_output.h"
#include "tests/unit/daemon/proc/temporary_folder.h"
#include "tests/unit/daemon/recording/sample_trace.h"

namespace gomapd::app {
namespace {

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Telling {
  TraceSink* sink;
  void process(ProcessChange change, const model::Process& process, std::uint64_t ns) const {
    sink->process(change, process, ns);
  }
  void growth(const model::GrowthEvent& event) const { sink->growth(event); }
};

TEST(Recorder, ReplaysWhatTheTraceTold) {
  const test::TemporaryFolder folder;
  const recording::Facts facts;
  auto report = facts.report();
  for (const auto form : {Form::kJson, Form::kTable}) {
    {
      const auto live = TraceOutput::open(folder.at("live"), form);
      const auto recorder = Recorder::open(folder.at("recording"), Existing::kOverwrite);
      ASSERT_TRUE(live && recorder);
      for (TraceSink* sink : std::array<TraceSink*, 2>{live->get(), recorder->get()}) {
        sink->begin({.realtime_offset_ns = recording::kOffset});
        for (int i = 0; i < 3; ++i) {
          const Telling telling{sink};
          recording::tell(facts, telling);
          if (sink == recorder->get()) sink->state(report);
        }
        ASSERT_TRUE(sink->finish(report));
      }
      EXPECT_EQ((*recorder)->bytes(), content(folder.at("recording")).size());
    }
    {
      const auto output = TraceOutput::open(folder.at("replayed"), form);
      const auto file = proc::MappedFile::open(folder.at("recording"));
      ASSERT_TRUE(output && file);
      const std::array<TraceSink*, 1> sinks{output->get()};
      const auto replayed = replay(file->bytes(), sinks);
      ASSERT_TRUE(replayed);
      EXPECT_FALSE(replayed->truncated);
    }
    EXPECT_EQ(content(folder.at("replayed")), content(folder.at("live")));
    EXPECT_FALSE(content(folder.at("live")).empty());
  }
}

TEST(Recorder, RefusesAFileThatIsNotEmpty) {
  const test::TemporaryFolder folder;
  const auto path = folder.file("precious", "precious");
  const auto refused = Recorder::open(path, Existing::kRefuse);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().context.find("--force"), std::string::npos);
  {
    ASSERT_TRUE(Recorder::open(path, Existing::kOverwrite));
  }
  EXPECT_EQ(content(path), "precious");  // no trace has begun
}

TEST(Recorder, LeavesNothingOfATraceThatNeverBegan) {
  const test::TemporaryFolder folder;
  {
    ASSERT_TRUE(Recorder::open(folder.at("new"), Existing::kRefuse));
  }
  EXPECT_FALSE(std::filesystem::exists(folder.at("new")));
}

TEST(Recorder, EndsTheTraceWhenTheDiskIsFull) {
  const auto recorder = Recorder::open("/dev/full", Existing::kRefuse);
  ASSERT_TRUE(recorder);
  (*recorder)->begin({});
  EXPECT_FALSE((*recorder)->flush());
  const auto finished = (*recorder)->finish({});
  ASSERT_FALSE(finished);
  EXPECT_NE(finished.error().context.find("No space left on device"), std::string::npos);
}

}  // namespace
}  // namespace gomapd::app
