// Term blocks: about 4 kB of a parameter's sorted terms, and beside them their postings.
//
// Bytes: number of terms, bytes of the terms, bytes of the postings (2 each); for every 16th term where it and its postings begin
// (2 each); the terms (every 16th whole, others by what they share with the one before, at the beginning and at the end); the
// postings.
#pragma once

#include <cstdint>
#include <string_view>

#include "search/bloom.h"
#include "search/scan.h"
#include "search/segment_column.h"
#include "search/segment_format.h"
#include "search/segment_postings.h"

namespace search {

// One parameter of a segment: where its parts are.
struct Part {
  std::uint8_t type = 0;  // position in Run::type_names()
  std::string_view name;
  IndexKey key{};  // type no_type: not of this program's schema
  std::uint32_t terms = 0;
  std::uint64_t postings = 0;
  std::string_view data;  // blocks and long lists
  std::string_view rows;  // BlockRows
  std::string_view separators;
  std::string_view region;  // all of it, for the checksum
  std::uint32_t crc = 0;
  std::uint32_t blocks = 0;
  bool has_column = false;
  Column column;
  Bloom bloom;

  BlockRow row(std::uint32_t block) const { return load<BlockRow>(rows.data() + std::size_t{block} * sizeof(BlockRow)); }
  std::string_view separator(std::uint32_t block) const;  // empty for block 0, or if damaged
  std::uint32_t block_of_ordinal(std::uint32_t ordinal) const;
  std::uint32_t block_of_term(std::string_view term) const;
};

struct Block {
  std::uint32_t first = 0;  // ordinal
  std::uint32_t count = 0;
  const char* restarts = nullptr;
  std::string_view terms, postings;

  bool open(const Part& part, std::uint32_t index);  // false: damaged
  std::uint32_t end() const { return first + count; }
  std::uint32_t restart_count() const { return (count + restart_interval - 1) / restart_interval; }
  std::size_t terms_at(std::uint32_t restart) const { return load<std::uint16_t>(restarts + std::size_t{restart} * 4); }
  std::size_t postings_at(std::uint32_t restart) const { return load<std::uint16_t>(restarts + std::size_t{restart} * 4 + 2); }
  std::string_view restart_term(std::uint32_t restart) const;
  // The posting entries from an ordinal of the block on.
  bool postings_from(std::uint32_t ordinal, Input& out) const;
};

// The terms of a block from a restart on. After a next() that returned true, term() and ordinal() tell the current one.
class TermWalk {
 public:
  void start(const Block& block, std::uint32_t restart);
  bool next();  // false: end of the block, or damaged()
  bool damaged() const { return in_.bad; }
  std::string_view term() const { return {term_, length_}; }
  std::uint32_t ordinal() const { return next_ - 1; }

 private:
  Input in_;
  std::uint32_t first_ = 0, next_ = 0, end_ = 0;
  std::uint32_t length_ = 0;
  char term_[max_term_bytes];
};

// All terms of a parameter with their postings, in order: for merges.
class TermCursor {
 public:
  TermCursor(const Part& part, std::uint32_t limit) : part_(&part), limit_(limit) {}
  bool next();  // false: the end, or damaged()
  bool damaged() const { return damaged_; }
  std::string_view term() const { return walk_.term(); }
  std::uint32_t ordinal() const { return walk_.ordinal(); }
  const Postings& postings() const { return current_; }

 private:
  const Part* part_;
  std::uint32_t limit_;
  std::uint32_t next_block_ = 0;
  Block block_;
  TermWalk walk_;
  Input entries_;
  Postings current_;
  bool damaged_ = false;
};

}  // namespace search
