// Alive: a flat bitset over documents, copied on write by chunk.
//
// A value: copies share chunks. A copy that is being edited (AliveEdit) belongs to one thread; once shared it is immutable and
// any thread may read.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "store/store.h"

namespace search {

class Alive {
 public:
  static constexpr std::size_t chunk_words = 1024;  // 8 kB, 65,536 documents
  static constexpr std::uint64_t chunk_bits = chunk_words * 64;

  bool test(store::Document document) const {
    const std::uint64_t chunk = document / chunk_bits;
    if (chunk >= chunks_.size()) return false;
    return ((*chunks_[chunk])[document % chunk_bits / 64] >> (document % 64) & 1) != 0;
  }
  // ANDs the bits of the documents from `first` on into the bitmap.
  void restrict(store::Document first, std::span<std::uint64_t> bitmap) const;
  std::uint64_t count() const;

 private:
  friend class AliveEdit;
  using Chunk = std::array<std::uint64_t, chunk_words>;
  std::vector<std::shared_ptr<const Chunk>> chunks_;
};

// Changes to a copy: each chunk touched is copied once.
class AliveEdit {
 public:
  explicit AliveEdit(const Alive& from) : alive_(from), own_(from.chunks_.size()) {}
  void set(store::Document document) { word(document) |= std::uint64_t{1} << (document % 64); }
  void reset(store::Document document) { word(document) &= ~(std::uint64_t{1} << (document % 64)); }
  Alive take() { return std::move(alive_); }

 private:
  std::uint64_t& word(store::Document document);
  Alive alive_;
  std::vector<Alive::Chunk*> own_;  // null: still shared
};

}  // namespace search
