// SegmentWriter: turns sorted terms with their documents into a segment's bytes, as a stream.
//
// Call order: documents(), superseded(), then per parameter in (type, name) order begin(), term() ascending, end(); finish()
// last. One thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "search/segment_column.h"
#include "search/segment_format.h"
#include "store/store.h"

namespace search {

// Where a segment's bytes go. Failing is the implementation's own affair: it remembers, and is asked in the end.
class SegmentOutput {
 public:
  virtual ~SegmentOutput() = default;
  virtual void append(std::string_view bytes) = 0;
};

class MemoryOutput final : public SegmentOutput {
 public:
  explicit MemoryOutput(std::size_t expected = 0) { bytes_.reserve(expected); }
  void append(std::string_view bytes) override { bytes_.append(bytes); }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// `old` is no longer current since the document at offset `by` of the segment.
struct Superseded {
  store::Document old = 0;
  std::uint32_t by = 0;
};

class SegmentWriter {
 public:
  SegmentWriter(SegmentOutput& out, store::Document base, std::uint32_t size, bool checksums);

  // The names of the types, sorted, and for each document its type's position there or no_kind.
  void documents(std::span<const std::string_view> types, std::vector<std::uint8_t> kinds);
  void superseded(std::vector<Superseded> pairs);
  void begin(std::size_t type, std::string_view name, bool column, bool bloom);
  // Throws std::runtime_error where terms or offsets are out of order or of another type's documents: the source is damaged.
  void term(std::string_view term, std::span<const std::uint32_t> offsets);
  void end();
  void finish();
  std::uint32_t directory_crc() const { return directory_crc_; }  // after finish(): tells this segment from any other

 private:
  void emit(std::string_view bytes);
  void close_block();

  SegmentOutput& out_;
  const store::Document base_;
  const std::uint32_t size_;
  const bool checksums_;
  std::uint64_t position_ = 0;
  std::uint32_t crc_ = 0;  // of the region being written

  std::vector<std::uint8_t> kinds_;
  std::vector<std::uint32_t> ranks_;  // of each document within its type
  std::vector<std::uint32_t> type_counts_;
  std::string types_, documents_part_, pairs_part_, parameters_;
  std::uint32_t parameter_count_ = 0;

  // The parameter being written.
  std::size_t type_ = 0;
  std::string name_;
  bool with_column_ = false, with_bloom_ = false;
  std::uint64_t region_ = 0;  // where it begins
  std::uint32_t terms_ = 0;
  std::uint64_t postings_ = 0;
  std::string last_term_;
  std::string last_of_block_;
  std::vector<BlockRow> rows_;
  std::string separators_;
  ColumnBuilder column_;
  std::vector<std::uint64_t> hashes_;

  // The block being filled.
  std::string block_terms_, block_postings_, restarts_, scratch_;
  std::uint32_t block_count_ = 0;
  std::uint64_t block_postings_count_ = 0;
  std::string block_separator_;
  std::uint32_t directory_crc_ = 0;
};

}  // namespace search
