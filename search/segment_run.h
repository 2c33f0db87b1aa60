// Run: the one implementation of Segment, over bytes in memory or in a mapped file.
//
// Immutable once open; any thread. Damage found while reading yields fewer results, never a step outside the bytes, and marks the
// run as suspect, so that the background lane checks it and makes it anew.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "search/index.h"
#include "search/segment_block.h"
#include "search/segment_keys.h"

namespace search {

// Owns a segment's bytes.
class SegmentBytes {
 public:
  virtual ~SegmentBytes() = default;
  virtual std::string_view bytes() const = 0;
  virtual const std::string& path() const = 0;  // empty: in memory
  virtual void unlink_when_released() const {}
};
std::unique_ptr<SegmentBytes> owned_bytes(std::string bytes);

class Run final : public Segment {
 public:
  // Null, with the reason in `fault`, where the bytes are no sound segment as far as the footer, the directory, and (if `verify`)
  // the checksums of documents and pairs tell; the regions' checksums are verify()'s.
  static std::shared_ptr<const Run> open(std::unique_ptr<SegmentBytes> bytes, const Keys& keys, bool verify, std::string& fault);

  std::span<const model::TypeId> types() const override { return type_ids_; }
  model::TypeId type_of(std::uint32_t offset) const override {
    return kinds()[offset] < type_ids_.size() ? type_ids_[kinds()[offset]] : model::no_type;
  }
  int slot(IndexKey key) const override;
  std::uint32_t term_count(int slot) const override { return part(slot).terms; }
  Ordinals find(int slot, const Scan& scan) const override;
  void each_term(int slot, Ordinals range,
                 const std::function<bool(std::uint32_t, std::string_view, std::uint32_t)>& fn) const override;
  void append_term(int slot, std::uint32_t ordinal, std::string& out) const override;
  std::uint64_t count(int slot, Ordinals range) const override;
  void unite(int slot, Ordinals range, std::span<std::uint64_t> bitmap) const override;
  std::size_t newest(int slot, std::uint32_t ordinal, std::uint32_t below, std::span<std::uint32_t> out) const override;
  void postings(int slot, std::uint32_t ordinal, std::vector<std::uint32_t>& out) const override;
  bool contains(int slot, std::uint32_t ordinal, std::uint32_t offset) const override;
  bool has_column(int slot) const override { return part(slot).has_column; }
  bool single_valued(int slot) const override { return part(slot).has_column && part(slot).column.single_valued(); }
  void ordinals_of(int slot, std::uint32_t offset, std::vector<std::uint32_t>& out) const override;

  Document end() const { return base_ + size_; }
  bool exists(std::uint32_t offset) const { return kinds()[offset] != no_kind; }  // a document that is no tombstone
  const std::uint8_t* kinds() const { return reinterpret_cast<const std::uint8_t*>(kinds_); }
  std::span<const std::string_view> type_names() const { return types_; }
  std::span<const Part> parts() const { return parts_; }

  // Pairs (old, by), by falling old or by rising `by`.
  std::uint32_t pairs() const { return pairs_; }
  Document pair_old(std::uint32_t i) const { return load<Document>(olds_ + std::size_t{i} * 8); }
  Document pair_by(std::uint32_t i) const { return base_ + load<std::uint32_t>(bys_ + std::size_t{i} * 4); }
  std::uint32_t pair_in_order(std::uint32_t i) const { return load<std::uint32_t>(pair_order_ + std::size_t{i} * 4); }
  std::uint32_t first_pair_old(Document old) const;   // first with pair_old >= old
  std::uint32_t first_pair_after(Document by) const;  // first in order with pair_by > by

  std::uint64_t bytes() const { return bytes_->bytes().size(); }
  const std::string& path() const { return bytes_->path(); }
  std::uint32_t identity() const { return directory_crc_; }
  void unlink_when_released() const { bytes_->unlink_when_released(); }
  bool suspect() const { return suspect_.load(std::memory_order_relaxed); }
  void doubt() const { suspect_.store(true, std::memory_order_relaxed); }
  void trust() const { suspect_.store(false, std::memory_order_relaxed); }
  // Checksums of all parts; empty if they hold.
  std::vector<std::string> verify() const;
  // Beyond checksums: order of terms, counts, offsets, columns against postings.
  std::vector<std::string> examine() const;

 private:
  bool parse(const Keys& keys, bool verify, std::string& fault);
  bool parse_part(Input& in, const Keys& keys, Part& part) const;
  const Part& part(int slot) const { return parts_[static_cast<std::size_t>(slot)]; }
  bool block(const Part& part, std::uint32_t index, Block& out) const;
  std::uint32_t lower_bound(const Part& part, std::string_view term, bool& exact) const;
  bool postings_at(const Part& part, std::uint32_t ordinal, Postings& out) const;
  std::uint64_t count_before(const Part& part, std::uint32_t ordinal) const;
  std::uint32_t rank(std::uint32_t offset) const;

  std::unique_ptr<SegmentBytes> bytes_;
  std::vector<std::string_view> types_;
  std::vector<model::TypeId> type_ids_;  // of types_
  std::vector<std::uint32_t> type_counts_;
  std::vector<Part> parts_;
  std::vector<std::pair<IndexKey, std::uint32_t>> slots_;
  const char* kinds_ = nullptr;
  const char* local_ranks_ = nullptr;
  const char* rank_rows_ = nullptr;
  std::string_view documents_part_, pairs_part_;
  std::uint32_t documents_crc_ = 0, pairs_crc_ = 0;
  const char* olds_ = nullptr;
  const char* bys_ = nullptr;
  const char* pair_order_ = nullptr;
  std::uint32_t pairs_ = 0;
  std::uint32_t directory_crc_ = 0;
  mutable std::atomic<bool> suspect_ = false;
};

}  // namespace search
