// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "tests/support/pclntab_builder.h"

#include <array>
#include <ostream>

#include "tests/support/byte_writer.h"

// Written from the linker's side (src/cmd/link/internal/ld/pcln.go and
// symtab.go), not from the parser's, so that one checks the other.

namespace gomapd::test {
namespace {

constexpr std::uint64_t kTypesSize = 64;

// The pcdata offsets, and where in the record they go.
struct RecordShape {
  std::uint32_t size;
  std::uint32_t name;
  std::uint32_t pcfile;
  std::uint32_t npcdata;
  std::uint32_t nfuncdata;
};

RecordShape shape_of(GoRelease release) {
  switch (release) {
    case GoRelease::k115: return {40, 8, 24, 32, 39};
    case GoRelease::k116: return {44, 8, 24, 32, 43};
    case GoRelease::k118: return {40, 4, 20, 28, 39};
    default: return {44, 4, 20, 28, 43};
  }
}

std::uint32_t magic_of(GoRelease release) {
  switch (release) {
    case GoRelease::k115: return 0xfffffffb;
    case GoRelease::k116: return 0xfffffffa;
    case GoRelease::k118: return 0xfffffff0;
    default: return 0xfffffff1;
  }
}

std::vector<std::byte> encode(const std::vector<ValueRange>& ranges) {
  ByteWriter out;
  std::int32_t value = -1;
  std::uint32_t pc = 0;
  for (const auto& range : ranges) {
    const auto delta = range.value - value;
    out.varint(delta < 0 ? static_cast<std::uint32_t>(-2 * delta - 1)
                         : static_cast<std::uint32_t>(2 * delta));
    out.varint(range.end - pc);
    value = range.value;
    pc = range.end;
  }
  return out.put(std::uint8_t{0}).data();
}

class GoImageWriter {
 public:
  explicit GoImageWriter(const GoImageSpec& spec) : spec_(spec) {}

  ElfBuilder write() {
    write_names_and_values();
    if (spec_.release == GoRelease::k115) {
      write_go115();
    } else {
      write_tables();
    }
    write_moduledata();
    if (spec_.with_section) builder_.section(".gopclntab", kPclntabAddress, table_.size());
    if (spec_.pointers_in_relocations) builder_.pie();
    ByteWriter before_table;
    before_table.put_at(kPclntabAddress % 0x1000 - 1, std::uint8_t{0}).bytes(table_.data());
    builder_.text(kTextAddress, std::vector<std::byte>(text_size_, std::byte{0xcc}));
    builder_.rodata(kPclntabAddress & ~0xfffULL, before_table.data());
    builder_.rodata(kTypesAddress, std::vector<std::byte>(kTypesSize));
    ByteWriter before_data;
    before_data.put_at(kModuledataAddress % 0x1000 - 1, std::uint8_t{0}).bytes(moduledata_.data());
    builder_.data(kModuledataAddress & ~0xfffULL, before_data.data());
    return builder_;
  }

 private:
  struct Offsets {
    std::uint32_t name, line, index;
    std::vector<std::uint32_t> callees;
  };

  [[nodiscard]] bool relative_pcs() const { return spec_.release >= GoRelease::k118; }

  void pointer(ByteWriter& out, std::size_t offset, std::uint64_t address_of_out,
               std::uint64_t value) {
    if (spec_.pointers_in_relocations) {
      builder_.relocation(address_of_out + offset, value);
      value = 0;
    }
    out.put_at(offset, value);
  }

  // Every release: strings and pc-value tables. In Go 1.15 they share one
  // address space with all else, so they are moved behind the function table.
  void write_names_and_values() {
    values_.put(std::uint8_t{0});
    file_value_ = static_cast<std::uint32_t>(values_.size());
    values_.bytes(encode({{1U << 20U, spec_.release == GoRelease::k115 ? 1 : 0}}));
    names_.c_string("");
    for (const auto& function : spec_.functions) {
      Offsets offsets{};
      offsets.name = static_cast<std::uint32_t>(names_.size());
      names_.c_string(function.name);
      for (const auto& call : function.inline_tree) {
        offsets.callees.push_back(static_cast<std::uint32_t>(names_.size()));
        names_.c_string(call.name);
      }
      offsets.line = static_cast<std::uint32_t>(values_.size());
      values_.bytes(encode(function.lines));
      offsets.index = 0;
      if (!function.inline_indexes.empty()) {
        offsets.index = static_cast<std::uint32_t>(values_.size());
        values_.bytes(encode(function.inline_indexes));
      }
      offsets_.push_back(offsets);
      text_size_ += function.size;
    }
  }

  // The inline tree of function `i`, appended to the funcdata.
  std::uint32_t write_tree(std::size_t i, std::uint32_t name_base) {
    const auto offset = static_cast<std::uint32_t>(funcdata_.size());
    const auto& tree = spec_.functions[i].inline_tree;
    for (std::size_t call = 0; call < tree.size(); ++call) {
      const auto name = offsets_[i].callees[call] + name_base;
      if (spec_.release >= GoRelease::k120) {
        funcdata_.put(std::uint32_t{tree[call].func_id});
        funcdata_.put(name).put(tree[call].parent_pc).put(std::uint32_t{1});
      } else {
        funcdata_.put(std::int16_t{-1}).put(std::uint16_t{tree[call].func_id});
        funcdata_.put(std::uint32_t{0});
        funcdata_.put(std::uint32_t{0}).put(name).put(tree[call].parent_pc);
      }
    }
    return offset;
  }

  // A record at `address`; bases are added to what names_ and values_ say.
  std::vector<std::byte> record(std::size_t i, std::uint64_t address, std::uint32_t name_base,
                                std::uint32_t value_base, std::uint64_t funcdata_address) {
    const auto shape = shape_of(spec_.release);
    const auto has_tree = !spec_.functions[i].inline_tree.empty();
    const std::uint8_t tree_index = spec_.release == GoRelease::k115 ? 4 : 3;
    ByteWriter out;
    out.put_at(shape.size - 1, std::uint8_t{0});
    out.put_at(shape.name, offsets_[i].name + name_base);
    out.put_at(shape.pcfile, file_value_ + value_base);
    out.put_at(shape.pcfile + 4, offsets_[i].line + value_base);
    out.put_at(shape.npcdata, std::uint32_t{3});
    // runtime._func: funcID, a flag and a reserved byte, nfuncdata.
    out.put_at(shape.nfuncdata - 3, spec_.functions[i].func_id);
    out.put_at(shape.nfuncdata, static_cast<std::uint8_t>(has_tree ? tree_index + 1 : 0));
    out.put(std::uint32_t{0}).put(std::uint32_t{0});
    out.put(offsets_[i].index == 0 ? 0 : offsets_[i].index + value_base);
    if (!has_tree) return out.data();
    const auto tree = write_tree(i, name_base);
    if (!relative_pcs()) {
      while ((address + out.size()) % 8 != 0) out.put(std::uint8_t{0});
      for (int other = 0; other < tree_index; ++other) out.put(std::uint64_t{0});
      pointer(out, out.size(), address, funcdata_address + tree);
      return out.data();
    }
    for (int other = 0; other < tree_index; ++other) out.put(std::uint32_t{0xffffffff});
    return out.put(tree).data();
  }

  void put_header() {
    table_.put(magic_of(spec_.release)).put(std::uint16_t{0});
    table_.put(std::uint8_t{1}).put(std::uint8_t{8});
    table_.put(std::uint64_t{spec_.functions.size()});
  }

  void write_go115() {
    put_header();
    const auto count = spec_.functions.size();
    functab_ = table_.size();
    const auto file_field = functab_ + (2 * count + 1) * 8;
    const auto name_base = static_cast<std::uint32_t>(file_field + 8);
    const auto value_base = static_cast<std::uint32_t>(name_base + names_.size());
    const auto file_name = static_cast<std::uint32_t>(value_base + values_.size());
    table_.put_at(file_field + 4, std::uint32_t{0});
    table_.bytes(names_.data()).bytes(values_.data()).c_string("main.go").align(8);
    // Records come last here: their sizes are known only now.
    write_records(name_base, value_base, 0);
    table_.align(4);
    files_ = table_.size();
    table_.put_at(file_field, static_cast<std::uint32_t>(files_));
    table_.put(std::uint32_t{2}).put(file_name);
    records_end_ = table_.size();
  }

  void write_tables() {
    put_header();
    table_.put(std::uint64_t{1});  // files
    const bool has_text_start =
        spec_.release == GoRelease::k118 || spec_.release == GoRelease::k120;
    if (has_text_start) {
      pointer(table_, table_.size(), kPclntabAddress, kTextAddress);
    } else if (spec_.release >= GoRelease::k126) {
      table_.put(std::uint64_t{0});
    }
    const auto offsets = table_.size();
    table_.put_at(offsets + 39, std::uint8_t{0});
    const auto part = [&](std::size_t index, const std::vector<std::byte>& bytes) {
      table_.align(8).put_at(offsets + 8 * index, std::uint64_t{table_.size()});
      parts_[index] = table_.size();
      table_.bytes(bytes);
    };
    part(0, names_.data());
    part(1, ByteWriter().put(std::uint32_t{0}).data());
    part(2, ByteWriter().c_string("main.go").data());
    part(3, values_.data());
    part(4, {});
    functab_ = parts_[4];
    const auto field = relative_pcs() ? 4U : 8U;
    const auto size = (2 * spec_.functions.size() + 1) * field;
    table_.put_at(functab_ + size - 1, std::uint8_t{0}).align(8);
    write_records(0, 0, functab_);
    records_end_ = table_.size();
  }

  // Records behind what is there, and the function table's entries for them.
  void write_records(std::uint32_t name_base, std::uint32_t value_base, std::size_t origin) {
    // Behind all records; generous, as the trees' pointers must be known first.
    const auto funcdata_offset = table_.size() + spec_.functions.size() * 128;
    std::uint64_t pc = 0;
    for (std::size_t i = 0; i < spec_.functions.size(); ++i) {
      table_.align(8);
      functab_entry(i, pc, table_.size() - origin);
      table_.bytes(record(i, kPclntabAddress + table_.size(), name_base, value_base,
                          kPclntabAddress + funcdata_offset));
      pc += spec_.functions[i].size;
    }
    functab_pc(2 * spec_.functions.size(), pc);
    table_.put_at(funcdata_offset, std::uint8_t{0});
    table_.align(8);
    gofunc_ = funcdata_offset;
    for (std::size_t i = 0; i < funcdata_.size(); ++i)
      table_.put_at(funcdata_offset + i, funcdata_.data()[i]);
  }

  void functab_pc(std::size_t index, std::uint64_t pc) {
    if (relative_pcs()) {
      table_.put_at(functab_ + index * 4, static_cast<std::uint32_t>(pc));
    } else {
      pointer(table_, functab_ + index * 8, kPclntabAddress, kTextAddress + pc);
    }
  }

  void functab_entry(std::size_t i, std::uint64_t pc, std::uint64_t record_offset) {
    functab_pc(2 * i, pc);
    if (relative_pcs()) {
      table_.put_at(functab_ + (2 * i + 1) * 4, static_cast<std::uint32_t>(record_offset));
    } else {
      table_.put_at(functab_ + (2 * i + 1) * 8, record_offset);
    }
  }

  void slice(std::size_t offset, std::uint64_t address, std::uint64_t length) {
    pointer(moduledata_, offset, kModuledataAddress, address);
    moduledata_.put_at(offset + 8, length).put_at(offset + 16, length);
  }

  void word(std::size_t offset, std::uint64_t value) {
    pointer(moduledata_, offset, kModuledataAddress, value);
  }

  void write_moduledata() {
    const auto functions = spec_.functions.size() + 1;
    std::size_t min_pc = 160;
    if (spec_.release == GoRelease::k115) {
      slice(0, kPclntabAddress, records_end_);
      slice(24, kPclntabAddress + functab_, functions);
      slice(48, kPclntabAddress + files_, 2);
      min_pc = 80;
    } else {
      word(0, kPclntabAddress);
      slice(8, kPclntabAddress + parts_[0], names_.size());
      slice(32, kPclntabAddress + parts_[1], 1);
      slice(56, kPclntabAddress + parts_[2], 8);
      slice(80, kPclntabAddress + parts_[3], values_.size());
      slice(104, kPclntabAddress + parts_[4], records_end_ - parts_[4]);
      slice(128, kPclntabAddress + functab_, functions);
    }
    word(min_pc, kTextAddress);
    word(min_pc + 8, kTextAddress + text_size_);
    word(min_pc + 16, kTextAddress);
    word(min_pc + 24, kTextAddress + text_size_);
    write_tail();
  }

  void write_tail() {
    struct Tail {
      std::size_t types, etypes, gofunc, epclntab, textsectmap;
    };
    constexpr std::array<Tail, 6> kTails = {{{200, 208, 0, 0, 216},
                                             {280, 288, 0, 0, 296},
                                             {280, 288, 304, 0, 312},
                                             {296, 304, 320, 0, 328},
                                             {296, 304, 320, 328, 336},
                                             {296, 312, 344, 352, 360}}};
    const auto& tail = kTails[static_cast<std::size_t>(spec_.release)];
    word(tail.types, kTypesAddress);
    word(tail.etypes, kTypesAddress + kTypesSize);
    if (tail.gofunc != 0) word(tail.gofunc, kPclntabAddress + gofunc_);
    if (tail.epclntab != 0) word(tail.epclntab, kPclntabAddress + table_.size());
    if (spec_.release == GoRelease::k127) {
      moduledata_.put_at(304, std::uint64_t{kTypesSize / 2});  // typedesclen
      moduledata_.put_at(320, std::uint64_t{kTypesSize / 2}).put_at(328, std::uint64_t{8});
    }
    slice(tail.textsectmap, kTypesAddress, 1);
    moduledata_.put_at(600, std::uint64_t{0});
  }

  GoImageSpec spec_;
  ElfBuilder builder_;
  ByteWriter table_;
  ByteWriter names_;
  ByteWriter values_;
  ByteWriter funcdata_;
  ByteWriter moduledata_;
  std::vector<Offsets> offsets_;
  std::array<std::size_t, 5> parts_ = {};
  std::size_t functab_ = 0;
  std::size_t files_ = 0;
  std::size_t gofunc_ = 0;
  std::size_t records_end_ = 0;
  std::uint32_t file_value_ = 0;
  std::uint64_t text_size_ = 0;
};

}  // namespace

void PrintTo(GoRelease release, std::ostream* out) {
  constexpr std::array kMinors{15, 16, 18, 20, 26, 27};
  *out << "go1." << kMinors.at(static_cast<std::size_t>(release));
}

ElfBuilder go_image(const GoImageSpec& spec) {
  return GoImageWriter(spec).write();
}

}  // namespace gomapd::test
