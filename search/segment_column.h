// The column of one parameter in a segment: from a document to the ordinals of its terms.
//
// Documents are addressed by their rank among the documents of their type. Views into the segment's bytes; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "search/segment_bytes.h"

namespace search {

// Gathers (rank, ordinal) in the order of ordinals, then writes the column. Reusable: clear() keeps its memory.
class ColumnBuilder {
 public:
  void clear() { entries_.clear(), present_.clear(); }
  // Ordinal 0 is the presence term (`tag_present`): it is implied by any other, if every document with another has it too.
  void add_present(std::uint32_t rank) { present_.push_back(rank); }
  void add(std::uint32_t rank, std::uint32_t ordinal) { entries_.push_back(std::uint64_t{rank} << 32 | ordinal); }
  // `ranks`: documents of the type in the segment; `terms`: of the parameter.
  void write(std::uint32_t ranks, std::uint32_t terms, std::string& out);

 private:
  std::vector<std::uint64_t> entries_;  // rank << 32 | ordinal
  std::vector<std::uint32_t> present_;
  std::vector<std::uint32_t> starts_, ordinals_;
};

class Column {
 public:
  // False: not a sound column for `ranks` documents and `terms` terms. 8 readable bytes must follow `bytes`.
  static bool open(std::string_view bytes, std::uint32_t ranks, std::uint32_t terms, Column& out);
  // Appends the ordinals, ascending. False: damaged.
  bool ordinals(std::uint32_t rank, std::vector<std::uint32_t>& out) const;
  // No document has two ordinals other than 0, the presence term's.
  bool single_valued() const { return implied_ && list_slots_ == 0; }

 private:
  std::uint8_t form_ = 0;
  bool implied_ = false;
  unsigned width_ = 0;  // of a value
  unsigned list_width_ = 0;
  std::uint32_t ranks_ = 0;
  std::uint32_t terms_ = 0;
  std::uint32_t entries_ = 0;  // values stored
  std::uint64_t least_ = 0;    // added to each value
  std::uint64_t list_slots_ = 0;
  const char* presence_ = nullptr;
  const char* values_ = nullptr;
  const char* lists_ = nullptr;
};

}  // namespace search
