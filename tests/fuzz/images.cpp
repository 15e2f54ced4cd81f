// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// fuzz_images FOLDER
//
// Writes what fuzz_elf, fuzz_pclntab, fuzz_build_info and fuzz_recording begin with: a small
// program as each linker lays it out, and a recording, into FOLDER/fuzz_NAME.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/pclntab_builder.h"
#include "tests/unit/daemon/recording/sample_trace.h"

namespace gomapd {
namespace {

void write(const std::filesystem::path& path, Bytes bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

std::vector<std::byte> program(test::GoRelease release) {
  return test::go_image(
             {.release = release,
              .functions =
                  {{"main.a", 32, {{16, 5}, {32, 6}}},
                   {"main.b", 32, {{32, 9}}, {{16, 0}, {32, 1}}, {{"main.c", 20}, {"main.d", 4}}}},
              .with_section = true})
      .build();
}

void write_recording(const std::filesystem::path& path) {
  const recording::Facts facts;
  recording::Encoder encoder(recording::kOffset);
  encoder.process(model::ProcessChange::kStarted, facts.server, 1);
  encoder.process(model::ProcessChange::kStarted, facts.worker, 2);
  for (const auto& event : facts.events()) encoder.growth(event);
  encoder.end({});
  write(path, encoder.ready().view());
}

}  // namespace
}  // namespace gomapd

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::filesystem::path folder = argv[1];
  for (const auto release : {gomapd::test::GoRelease::k115, gomapd::test::GoRelease::k116,
                             gomapd::test::GoRelease::k118, gomapd::test::GoRelease::k120,
                             gomapd::test::GoRelease::k126, gomapd::test::GoRelease::k127}) {
    const auto image = gomapd::program(release);
    for (const auto* name : {"fuzz_elf", "fuzz_pclntab", "fuzz_build_info"})
      gomapd::write(folder / name / ("program-" + std::to_string(static_cast<int>(release))),
                    image);
  }
  gomapd::write_recording(folder / "fuzz_recording" / "recording");
  return 0;
}
