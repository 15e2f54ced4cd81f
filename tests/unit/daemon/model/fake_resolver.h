// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <map>
#include <utility>

#include "daemon/model/trace.h"

namespace gomapd::model {

// Knows the types and stacks that a test declares, by binary and address or id.
class FakeResolver final : public Resolver {
 public:
  using Key = std::pair<std::uint32_t, std::uint64_t>;

  std::map<Key, TypeInfo> types;
  std::map<Key, Stack> stacks;

  const TypeInfo& type(std::uint32_t binary, std::uint32_t /*pid*/,
                       std::uint64_t address) override {
    const auto found = types.find({binary, address});
    return found == types.end() ? unknown_type_ : found->second;
  }
  const Stack& stack(std::uint32_t binary, std::uint64_t id) override {
    const auto found = stacks.find({binary, id});
    return found == stacks.end() ? unknown_stack_ : found->second;
  }

 private:
  const TypeInfo unknown_type_;
  const Stack unknown_stack_;
};

// map[int64]int64 in its classic form: a bucket of 144 bytes.
inline TypeInfo int_type() {
  return {"map[int64]int64", {144, Scan::kNoPointers, go::Version{21, 0}}};
}
// The same in its Swiss form: a group of 136 bytes.
inline TypeInfo swiss_int_type() {
  return {"map[int64]int64", {136, Scan::kNoPointers, go::Version{24, 0}}};
}

}  // namespace gomapd::model
