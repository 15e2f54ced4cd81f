// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include <cstdint>

#include "daemon/model/classic_map.h"

namespace gomapd::test {

// What a classic map allocates beside its buckets: runtime.mapextra and, where
// buckets hold no pointers, the lists that keep overflow buckets alive.
class Bookkeeping {
 public:
  Bookkeeping(const model::SlotShape& shape, unsigned b);

  [[nodiscard]] std::uint64_t made_bytes() const { return made_bytes_; }
  // What the operation allocated so.
  [[nodiscard]] std::uint64_t bytes_of(const model::ClassicMap::Step& step);
  void clear();

 private:
  [[nodiscard]] std::uint64_t object(std::uint64_t size) const;
  [[nodiscard]] std::uint64_t add_overflow();
  [[nodiscard]] std::uint64_t add_extra();

  model::SlotShape shape_;
  std::uint64_t made_bytes_ = 0;
  bool has_extra_ = false;
  bool has_list_ = false;
  std::uint64_t length_ = 0;  // of the list
  std::uint64_t capacity_ = 0;
};

}  // namespace gomapd::test
