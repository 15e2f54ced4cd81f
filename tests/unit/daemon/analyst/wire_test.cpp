// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/analyst/wire.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace gomapd::analyst {
namespace {

ProbeSite some_site() {
  ProbeSite site;
  site.function = "runtime.hashGrow";
  site.inlined = "runtime.growWork";
  site.role = Role::kEvacuate;
  site.detail = Detail::kBuckets;
  site.entry = 0x401000;
  site.address = 0x401004;
  site.file_offset = 0x1004;
  site.instruction = "push rbp";
  site.emulated = true;
  site.kernel.address = 0x401004;
  site.kernel.role = GM_ROLE_EVACUATE;
  site.kernel.goid_offset = 152;
  site.kernel.hmap_at = {GM_LOCATION_STACK, -16};
  site.kernel.tls_g_offset = -8;
  site.kernel.etypes = 77;
  return site;
}

Plan some_plan() {
  Plan plan;
  plan.machine = elf::Machine::kAmd64;
  plan.is_pie = true;
  plan.has_dwarf = true;
  plan.build_id = "ab01";
  plan.function_count = 1234;
  plan.moduledata.types = 5;
  plan.moduledata.gofunc = 6;
  plan.text = {0x401000, 0x2000, 0x1000};
  plan.build_info.version = "go1.22.1";
  plan.build_info.path = "example.com/x";
  plan.version = {22, 1};
  plan.design = go::Design::kClassic;
  plan.sites = {some_site(), some_site()};
  plan.assign_refusal = "why";
  return plan;
}

std::vector<symbol::Frame> some_frames() {
  return {{"main.f", "/a.go", 7, true, 0x401234, false, true}, {"main.g", "/b.go", -1}};
}

go::GoMapType some_type() {
  return {.name = "map[int]int",
          .design = go::Design::kSwiss,
          .key_slot_bytes = 8,
          .elem_slot_bytes = 16,
          .unit_bytes = 208,
          .has_pointers = false};
}

Request some_request() {
  Request request{.question = Question::kSymbolize, .address = 9, .length = 4};
  request.content = go::Content::kPointer;
  request.layout = {go::Design::kSwiss, false, true};
  request.shown = symbol::RuntimeFrames::kShow;
  request.pcs = {1, 2, UINT64_MAX};
  return request;
}

TEST(Wire, BringsAPlanOverAsItWas) {
  const auto plan = decode_answer<Plan>(encode(some_plan()));
  ASSERT_TRUE(plan) << plan.error().context;
  EXPECT_EQ(encode(*plan), encode(some_plan()));
  EXPECT_EQ(plan->sites.at(1).kernel.hmap_at.displacement, -16);
  EXPECT_EQ(plan->sites.at(1).kernel.tls_g_offset, -8);
  EXPECT_EQ(plan->sites.at(0).instruction, "push rbp");
  EXPECT_EQ(plan->design, go::Design::kClassic);
  EXPECT_EQ(plan->text.file_offset, 0x1000U);
  EXPECT_EQ(plan->version, (go::Version{22, 1}));
}

TEST(Wire, BringsOverAllElse) {
  EXPECT_EQ(decode_request(encode(some_request())).value(), some_request());
  EXPECT_EQ(encode(decode_answer<std::vector<symbol::Frame>>(encode(some_frames())).value()),
            encode(some_frames()));
  EXPECT_EQ(encode(decode_answer<go::GoMapType>(encode(some_type())).value()), encode(some_type()));
  EXPECT_TRUE(decode_answer<bool>(encode(true)).value());
  EXPECT_EQ(decode_answer<std::string>(encode(std::string("go1.20"))).value(), "go1.20");
  const Message bytes{std::byte{1}, std::byte{0}};
  EXPECT_EQ(decode_answer<Message>(encode(Bytes(bytes))).value(), bytes);
}

TEST(Wire, BringsErrorsOverInPlaceOfAnAnswer) {
  const auto plan = decode_answer<Plan>(encode(Error{Errc::kNotGo, "not a Go program"}));
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::kNotGo);
  EXPECT_EQ(plan.error().context, "not a Go program");
}

// Whether a reader has failed is not the reader's to say.
TEST(Wire, TakesNoErrorThatIsTheDaemonsOwn) {
  const auto plan = decode_answer<Plan>(encode(Error{Errc::kReaderFailed, "ha"}));
  ASSERT_FALSE(plan);
  EXPECT_NE(plan.error().context, "ha");
}

template <typename T>
void expect_refused_at_every_length(const Message& whole) {
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto cut = decode_answer<T>(Bytes(whole).first(length));
    ASSERT_FALSE(cut) << length;
    ASSERT_EQ(cut.error().code, Errc::kReaderFailed) << length;
  }
  auto longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(decode_answer<T>(longer));
}

TEST(Wire, RefusesWhatIsCutAtAnyLength) {
  expect_refused_at_every_length<Plan>(encode(some_plan()));
  expect_refused_at_every_length<std::vector<symbol::Frame>>(encode(some_frames()));
  expect_refused_at_every_length<go::GoMapType>(encode(some_type()));
  expect_refused_at_every_length<bool>(encode(true));
  expect_refused_at_every_length<Plan>(encode(Error{Errc::kNotGo, "x"}));
  const auto request = encode(some_request());
  for (std::size_t length = 0; length < request.size(); ++length)
    EXPECT_FALSE(decode_request(Bytes(request).first(length))) << length;
}

// Whatever bytes say, what comes of them is in range or refused; and what is accepted is
// written as it was read.
TEST(Wire, SurvivesHostileBytes) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same bytes in each run
  const auto plan = encode(some_plan());
  const auto frames = encode(some_frames());
  for (int round = 0; round < 20'000; ++round) {
    auto hostile = round % 2 == 0 ? plan : frames;
    for (int change = 0; change < 1 + round % 4; ++change)
      hostile[random() % hostile.size()] =
          change % 2 == 0 ? std::byte{0xff} : static_cast<std::byte>(random());
    if (const auto read = decode_answer<Plan>(hostile)) {
      EXPECT_EQ(encode(*read), hostile);
    }
    if (const auto read = decode_answer<std::vector<symbol::Frame>>(hostile)) {
      EXPECT_EQ(encode(*read), hostile);
    }
    (void)decode_request(hostile);
  }
}

TEST(Wire, BelievesNoLengthBeforeTheBytesAreThere) {
  // An answer: a list of 4096 frames, and then none.
  Message huge{std::byte{0}, std::byte{0}, std::byte{0x10}, std::byte{0}, std::byte{0}};
  EXPECT_FALSE(decode_answer<std::vector<symbol::Frame>>(huge));
  huge[4] = std::byte{0xff};  // 4 billion
  const auto refused = decode_answer<std::vector<symbol::Frame>>(huge);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().context.find("too long"), std::string::npos);
}

TEST(Wire, SendsNoPlanWithTooManySites) {
  auto plan = some_plan();
  plan.sites.assign(kMaxSites + 1, some_site());
  const auto refused = decode_answer<Plan>(encode(plan));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kUnsupported);
}

TEST(Wire, CutsTextsThatAreTooLong) {
  const auto cut = decode_answer<std::string>(encode(std::string(kMaxText + 1, 'x')));
  EXPECT_EQ(cut.value(), std::string(kMaxText, 'x'));
}

}  // namespace
}  // namespace gomapd::analyst
