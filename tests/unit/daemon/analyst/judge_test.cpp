// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/analyst/judge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "tests/support/elf_builder.h"

namespace gomapd::analyst {
namespace {

constexpr elf::Vaddr kText = 0x401000;

// push rbp; mov rbp,rsp; sub rsp,0x10; nop; pop rbp; ret
std::vector<std::byte> code_bytes() {
  const std::uint8_t code[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10, 0x90, 0x5d, 0xc3};
  const auto bytes = std::as_bytes(std::span(code));
  std::vector<std::byte> padded(bytes.begin(), bytes.end());
  padded.resize(64, std::byte{0xcc});
  return padded;
}

class Judge : public testing::Test {
 protected:
  Judge()
      : file_(test::ElfBuilder()
                  .text(kText, code_bytes())
                  .data(0x500000, std::vector<std::byte>(64, std::byte{0x55}))
                  .build()) {
    headers_ = read_headers(read(), file_.size());
    EXPECT_EQ(headers_.code.size(), 1U);
    ProbeSite site;
    site.function = "runtime.hashGrow";
    site.entry = kText;
    site.address = kText;
    site.file_offset = headers_.code.at(0).file_offset;
    site.instruction = "push rbp";
    site.emulated = true;
    site.kernel.address = site.address;
    plan_.machine = elf::Machine::kAmd64;
    plan_.version = {22, 0};
    plan_.design = go::Design::kClassic;
    plan_.sites = {site};
  }

  ReadAt read() const {
    return [this](elf::FileOffset offset, std::span<std::byte> out) {
      if (offset >= file_.size()) return std::size_t{0};
      const auto count = std::min<std::size_t>(out.size(), file_.size() - offset);
      std::memcpy(out.data(), file_.data() + offset, count);
      return count;
    };
  }

  // What is said of the plan once `change` has made a lie of it; empty: nothing.
  std::string said_of(const std::function<void(Plan&, ProbeSite&)>& change) {
    auto plan = plan_;
    change(plan, plan.sites.front());
    const auto judged = judge(plan, headers_, read());
    if (!judged) {
      EXPECT_EQ(judged.error().code, Errc::kReaderFailed);
    }
    return judged ? "" : judged.error().context;
  }

  static void move(ProbeSite& site, std::int64_t by) {
    site.address += static_cast<elf::Vaddr>(by);
    site.file_offset += static_cast<elf::FileOffset>(by);
    site.kernel.address = site.address;
  }

  std::vector<std::byte> file_;
  Headers headers_;
  Plan plan_;
};

TEST_F(Judge, BelievesWhatIsTrue) {
  EXPECT_EQ(said_of([](Plan&, ProbeSite&) {}), "");
  EXPECT_EQ(said_of([](Plan& plan, ProbeSite&) { plan.sites.clear(); }), "");
  EXPECT_EQ(said_of([](Plan& plan, ProbeSite& first) {
              auto second = first;
              move(second, 8);
              second.instruction = "nop";
              plan.sites.push_back(second);
            }),
            "");
}

TEST_F(Judge, RefusesASiteInsideAnInstruction) {
  const auto said = said_of([](Plan&, ProbeSite& site) { move(site, 2); });
  EXPECT_NE(said.find("inside an instruction"), std::string::npos) << said;
}

TEST_F(Judge, RefusesASiteOutsideTheExecutableSegments) {
  for (const elf::Vaddr address : {elf::Vaddr{0x500000}, kText + 0x1000, elf::Vaddr{0}}) {
    const auto said = said_of(
        [&](Plan&, ProbeSite& site) { site.entry = site.address = site.kernel.address = address; });
    EXPECT_NE(said.find("outside the executable"), std::string::npos) << said;
  }
}

TEST_F(Judge, RefusesAnotherOffsetOfTheFile) {
  EXPECT_NE(said_of([](Plan&, ProbeSite& site) { site.file_offset += 16; }).find("offset"),
            std::string::npos);
}

TEST_F(Judge, RefusesAnotherInstruction) {
  for (const auto* text : {"push rbx", "", "\033[2Jpush rbp"})
    EXPECT_NE(said_of([&](Plan&, ProbeSite& site) {
                site.instruction = text;
              }).find("another instruction"),
              std::string::npos);
  EXPECT_NE(
      said_of([](Plan&, ProbeSite& site) { site.emulated = false; }).find("another instruction"),
      std::string::npos);
}

TEST_F(Judge, RefusesAFunctionThatIsNone) {
  EXPECT_NE(said_of([](Plan&, ProbeSite& site) { site.entry += 8; }), "");
  EXPECT_NE(said_of([](Plan&, ProbeSite& site) { site.entry = 0; }), "");
  EXPECT_NE(said_of([](Plan&, ProbeSite& site) { site.entry += 32; }), "");
}

TEST_F(Judge, RefusesTooManyAndEqualSites) {
  EXPECT_NE(said_of([](Plan& plan, ProbeSite& site) {
              const auto copy = site;
              plan.sites.assign(GM_MAX_SITES + 1, copy);
            }).find("too many"),
            std::string::npos);
  EXPECT_NE(said_of([](Plan& plan, ProbeSite& site) {
              const auto copy = site;
              plan.sites.push_back(copy);
            }).find("two equal"),
            std::string::npos);
}

TEST_F(Judge, RefusesWhatTheKernelsProgramsDontKnow) {
  const std::function<void(gm_site&)> changes[] = {
      [](gm_site& site) { site.role = GM_ROLE_COUNT; },
      [](gm_site& site) { site.rule = 2; },
      [](gm_site& site) { site.end_kind = GM_KIND_COUNT; },
      [](gm_site& site) { site.type_at.where = 32; },
      [](gm_site& site) { site.hmap_at.where = 256; },
      [](gm_site& site) { site.address += 1; },
      [](gm_site& site) { site.types = 1; },
      [](gm_site& site) { site.located = 2; },
  };
  for (const auto& change : changes)
    EXPECT_NE(said_of([&](Plan&, ProbeSite& site) { change(site.kernel); }).find("means nothing"),
              std::string::npos);
}

TEST_F(Judge, RefusesAnotherMachineDesignOrRelease) {
  EXPECT_NE(said_of([](Plan& plan, ProbeSite&) { plan.machine = elf::Machine::kArm64; }), "");
  EXPECT_NE(said_of([](Plan& plan, ProbeSite&) { plan.design.reset(); }), "");
  EXPECT_NE(said_of([](Plan& plan, ProbeSite&) { plan.version.minor = 2; }), "");
  EXPECT_NE(said_of([](Plan& plan, ProbeSite&) { plan.version.minor = 2000; }), "");
}

// A file that is cut, or says anything, has no code or less of it, and nothing is believed.
TEST_F(Judge, TakesWhateverHeadersSay) {
  const auto whole = file_;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    file_.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    headers_ = read_headers(read(), file_.size());
    for (const auto& code : headers_.code) EXPECT_LE(code.file_offset + code.size, length);
    if (length < plan_.sites.front().file_offset + 1) {
      EXPECT_NE(said_of([](Plan&, ProbeSite&) {}), "") << length;
    }
  }
  for (std::size_t at = 0; at < 64 + 2 * 56; ++at) {
    file_ = whole;
    std::fill_n(file_.begin() + static_cast<std::ptrdiff_t>(at), 8, std::byte{0xff});
    headers_ = read_headers(read(), file_.size());
    for (const auto& code : headers_.code) EXPECT_LE(code.size, file_.size());
    (void)said_of([](Plan&, ProbeSite&) {});
  }
}

}  // namespace
}  // namespace gomapd::analyst
