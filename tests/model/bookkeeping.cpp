// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/model/bookkeeping.h"

namespace gomapd::test {
namespace {

constexpr std::uint64_t kExtraBytes = 24;  // mapextra
constexpr std::uint64_t kSliceBytes = 24;  // a slice's header
constexpr std::uint64_t kPointerBytes = 8;
constexpr unsigned kFirstBWithOverflowAhead = 4;

}  // namespace

Bookkeeping::Bookkeeping(const model::SlotShape& shape, unsigned b) : shape_(shape) {
  if (b >= kFirstBWithOverflowAhead) made_bytes_ = add_extra();
}

std::uint64_t Bookkeeping::object(std::uint64_t size) const {
  return model::allocated_bytes(size, model::Scan::kPointers, shape_.version);
}

std::uint64_t Bookkeeping::add_extra() {
  if (has_extra_) return 0;
  has_extra_ = true;
  return object(kExtraBytes);
}

// createOverflow, and append: runtime/slice.go: growslice
std::uint64_t Bookkeeping::add_overflow() {
  if (shape_.scan == model::Scan::kPointers) return 0;
  auto bytes = add_extra();
  if (!has_list_) bytes += object(kSliceBytes);
  has_list_ = true;
  if (length_++ < capacity_) return bytes;
  const std::uint64_t doubles_below = shape_.version.minor >= 18 ? 256 : 1024;
  std::uint64_t wanted = capacity_ * 2;
  if (capacity_ == 0)
    wanted = 1;
  else if (capacity_ >= doubles_below)
    wanted = shape_.version.minor >= 18 ? capacity_ + (capacity_ + 3 * doubles_below) / 4
                                        : capacity_ + capacity_ / 4;
  const auto size = wanted * kPointerBytes;
  capacity_ = model::usable_bytes(size, model::Scan::kPointers, shape_.version) / kPointerBytes;
  return bytes + object(size);
}

std::uint64_t Bookkeeping::bytes_of(const model::ClassicMap::Step& step) {
  std::uint64_t bytes = 0;
  const auto before = step.growth ? step.overflow_before : step.overflow_buckets;
  for (std::uint64_t i = 0; i < before; ++i) bytes += add_overflow();
  if (step.growth) {
    has_list_ = false;
    length_ = capacity_ = 0;
    if (step.growth->new_b >= kFirstBWithOverflowAhead) bytes += add_extra();
  }
  for (auto i = before; i < step.overflow_buckets; ++i) bytes += add_overflow();
  return bytes;
}

void Bookkeeping::clear() {
  has_list_ = false;
  length_ = capacity_ = 0;
}

}  // namespace gomapd::test
