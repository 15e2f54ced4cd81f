// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// Any recording makes a good seed. Checksums stop nearly every mutation, so each
// input is read a second time as the payloads of blocks whose checksums are right.
#include <cstddef>
#include <cstdint>
#include <span>

#include "daemon/recording/block.h"
#include "daemon/recording/decoder.h"

namespace gomapd::recording {
namespace {

// What is computed must not be optimised away.
void use(std::uint64_t value) {
  asm volatile("" : : "r"(value));
}

class Used final : public Events {
 public:
  void process(model::ProcessChange change, const model::Process& process,
               std::uint64_t monotonic_ns) override {
    use(static_cast<std::uint64_t>(change) + process.exe.size() + monotonic_ns);
  }
  void growth(const model::GrowthEvent& event) override {
    use(event.keys + event.type->shape.unit_bytes + event.stack->size());
  }
};

void read(Bytes file) {
  auto decoder = Decoder::open(file);
  if (!decoder) return;
  Used used;
  const auto report = decoder->read(used);
  for (const auto& stack : report.summary.stacks) use(stack.stack->size());
  for (const auto& note : report.missing) use(note.size());
}

// The blocks of the input, whatever their checksums say.
void read_with_checksums(Bytes input) {
  ByteOutput file;
  write_file_header(0, file);
  BlockReader blocks(input);
  while (const auto block = blocks.next()) write_block(block->kind, block->payload, file);
  read(file.view());
}

}  // namespace
}  // namespace gomapd::recording

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  gomapd::recording::read(input);
  if (size >= 32) gomapd::recording::read_with_checksums(input);
  return 0;
}
