// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// replay_NAME FOLDER…
//
// Gives each file of the folders to fuzz_NAME.cpp, without libFuzzer: what it once found,
// and what it begins with. A fault ends it by a signal, after the file's name was printed.
// Exit codes: 0 done, 1 there was nothing to replay.
#include <fmt/core.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  int count = 0;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) continue;
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
      fmt::print("{}\n", entry.path().string());
      std::fflush(stdout);
      // libFuzzer's inputs end where their memory does; of none a byte can be read.
      const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
      LLVMFuzzerTestOneInput(input.data(), input.size());
      ++count;
    }
  }
  fmt::print("{} inputs\n", count);
  return count == 0 ? 1 : 0;
}
