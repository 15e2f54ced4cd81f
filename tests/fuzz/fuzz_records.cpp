// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// Records of the ring, one after the other, as a kernel would give them whose programs read
// a hostile process. Two bytes before each pick what its type is and how much is known of it.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "daemon/model/divergence.h"
#include "daemon/model/trace.h"

namespace gomapd::model {
namespace {

class Known : public Resolver {
 public:
  Known(std::uint8_t version, std::uint8_t words) {
    type_.name = "map[string]int";
    type_.shape = {static_cast<std::uint64_t>(words) * 8,
                   words % 2 == 0 ? Scan::kPointers : Scan::kNoPointers,
                   {version % 32, 0}};
  }
  const TypeInfo& type(std::uint32_t, std::uint32_t, std::uint64_t) override { return type_; }
  const Stack& stack(std::uint32_t, std::uint64_t) override { return stack_; }

 private:
  TypeInfo type_;
  Stack stack_;
};

void read(std::span<const std::uint8_t> input) {
  SeenMaps seen;
  Divergences divergences(Seen::kFromTheStart);
  std::size_t count = 0;
  while (input.size() >= 2 + sizeof(gm_record)) {
    gm_record record;
    std::memcpy(&record, input.data() + 2, sizeof(record));
    // What the tracer lets through.
    record.kind = GM_RECORD_STARTED + record.kind % (GM_RECORD_PRUNED - GM_RECORD_STARTED + 1);
    Known known(input[0], input[1]);
    const auto event = decode(record, record.go_map, known);
    divergences.add(event);
    seen.add(record);
    if (divergences.count() > ++count) std::abort();
    input = input.subspan(2 + sizeof(record));
  }
}

}  // namespace
}  // namespace gomapd::model

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gomapd::model::read(std::span(data, size));
  return 0;
}
