// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// Changes one thing in a pclntab that otherwise stays whole: random bytes hit the header's
// magic or a string long before they make a table that is nearly right. Knows where the
// header's words, functab, records and tables of values are in each of the four layouts
// (go1.15, go1.16, go1.18, go1.20 src/debug/gosym/pclntab.go), and believes none of it.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>

// libFuzzer's own.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

using Image = std::span<std::uint8_t>;

// The header's first word, and what the layout then is.
struct Layout {
  std::uint32_t magic;
  unsigned words;        // of 8 bytes, behind the first 8 bytes
  unsigned functab;      // which word is its offset; 0: it follows the words
  unsigned entry_bytes;  // of half an entry of functab
};
constexpr std::array kLayouts{Layout{0xfffffffb, 1, 0, 8}, Layout{0xfffffffa, 7, 6, 8},
                              Layout{0xfffffff0, 8, 7, 4}, Layout{0xfffffff1, 8, 7, 4}};

class Mutation {
 public:
  Mutation(Image image, unsigned seed) : image_(image), random_(seed) {}

  // Whether there was a table to change something in.
  bool run() {
    if (!find_header()) return false;
    switch (pick(4)) {
      case 0: change_word(header_ + 8 + std::size_t{8} * pick(layout_->words), 8); break;
      case 1: change_word(entry() + layout_->entry_bytes * pick(2), layout_->entry_bytes); break;
      case 2: change_word(record() + std::size_t{4} * pick(16), 4); break;
      default: change_values();
    }
    return true;
  }

 private:
  std::size_t pick(std::size_t count) { return count == 0 ? 0 : random_() % count; }

  bool find_header() {
    for (const auto& layout : kLayouts) {
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(&layout.magic);
      const auto found = std::search(image_.begin(), image_.end(), bytes, bytes + 4);
      if (found == image_.end()) continue;
      layout_ = &layout;
      header_ = static_cast<std::size_t>(found - image_.begin());
      return true;
    }
    return false;
  }

  [[nodiscard]] std::uint64_t load(std::size_t at, unsigned bytes) const {
    std::uint64_t value = 0;
    if (at < image_.size() && image_.size() - at >= bytes)
      std::memcpy(&value, image_.data() + at, bytes);
    return value;
  }

  void change_word(std::size_t at, unsigned bytes) {
    if (at >= image_.size() || image_.size() - at < bytes) return;
    const auto old = load(at, bytes);
    const std::array<std::uint64_t, 10> values{
        0,          1,          old + 1,  old - 1, old * 2, image_.size(), ~std::uint64_t{0},
        0x7fffffff, 0x80000000, random_()};
    const auto value = values.at(pick(values.size()));
    std::memcpy(image_.data() + at, &value, bytes);
  }

  [[nodiscard]] std::size_t functab() const {
    if (layout_->functab == 0) return header_ + 8 + std::size_t{8} * layout_->words;
    return header_ + load(header_ + 8 + std::size_t{8} * layout_->functab, 8);
  }
  std::size_t entry() {
    const auto count = std::clamp<std::uint64_t>(load(header_ + 8, 8), 1, 1 << 20);
    return functab() + 2 * std::size_t{layout_->entry_bytes} * pick(count + 1);
  }
  // Offsets of records count from the functab since go1.16, from the header before.
  std::size_t record() {
    const auto offset = load(entry() + layout_->entry_bytes, layout_->entry_bytes);
    return (layout_->functab == 0 ? header_ : functab()) + offset;
  }

  // A number of a table of values, or what ends it too early or never.
  void change_values() {
    // The fifth word of a record and those behind it are offsets of such tables; the tables
    // themselves lie where the header's fifth word says.
    const auto tables = layout_->functab == 0 ? header_ : header_ + load(header_ + 40, 8);
    const auto at = tables + load(record() + 16 + std::size_t{4} * pick(3), 4) + pick(16);
    if (at >= image_.size()) return;
    constexpr std::array<std::uint8_t, 6> kBytes{0, 1, 2, 0x7f, 0x80, 0xff};
    const auto count = std::min(image_.size() - at, 1 + pick(11));
    const auto byte = kBytes.at(pick(kBytes.size()));
    std::fill_n(image_.begin() + static_cast<std::ptrdiff_t>(at), count, byte);
  }

  Image image_;
  std::minstd_rand random_;
  const Layout* layout_ = nullptr;
  std::size_t header_ = 0;
};

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  // Every fourth one is libFuzzer's, which also makes inputs longer and shorter.
  if (seed % 4 != 0 && Mutation(Image(data, size), seed / 4).run()) return size;
  return LLVMFuzzerMutate(data, size, most);
}
