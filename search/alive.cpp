#include "search/alive.h"

#include <algorithm>
#include <bit>

namespace search {

std::uint64_t& AliveEdit::word(store::Document document) {
  const std::uint64_t chunk = document / Alive::chunk_bits;
  while (alive_.chunks_.size() <= chunk) {
    auto fresh = std::make_shared<Alive::Chunk>();
    own_.push_back(fresh.get());
    alive_.chunks_.push_back(std::move(fresh));
  }
  if (own_[chunk] == nullptr) {
    auto copy = std::make_shared<Alive::Chunk>(*alive_.chunks_[chunk]);
    own_[chunk] = copy.get();
    alive_.chunks_[chunk] = std::move(copy);
  }
  return (*own_[chunk])[document % Alive::chunk_bits / 64];
}

void Alive::restrict(store::Document first, std::span<std::uint64_t> bitmap) const {
  const unsigned shift = first % 64;
  std::uint64_t at = first / 64;  // word of the whole bitset
  const auto chunk_of = [&](std::uint64_t word) {
    const std::uint64_t chunk = word / chunk_words;
    return chunk < chunks_.size() ? chunks_[chunk].get() : nullptr;
  };
  for (std::size_t i = 0; i < bitmap.size();) {
    const Chunk* here = chunk_of(at);
    // Words whose successor is in the same chunk, then the chunk's last.
    const std::size_t within = at % chunk_words;
    const std::size_t run = std::min(bitmap.size() - i, chunk_words - 1 - within);
    if (here == nullptr) {
      std::fill_n(bitmap.begin() + static_cast<std::ptrdiff_t>(i), run, 0);
    } else if (shift == 0) {
      for (std::size_t k = 0; k < run; ++k) bitmap[i + k] &= (*here)[within + k];
    } else {
      for (std::size_t k = 0; k < run; ++k)
        bitmap[i + k] &= (*here)[within + k] >> shift | (*here)[within + k + 1] << (64 - shift);
    }
    i += run;
    at += run;
    if (i == bitmap.size()) break;
    std::uint64_t word = here ? (*here)[chunk_words - 1] >> shift : 0;
    if (const Chunk* after = chunk_of(at + 1); after && shift != 0) word |= (*after)[0] << (64 - shift);
    bitmap[i++] &= word;
    ++at;
  }
}

std::uint64_t Alive::count() const {
  std::uint64_t sum = 0;
  for (const auto& chunk : chunks_)
    for (const std::uint64_t word : *chunk) sum += static_cast<std::uint64_t>(std::popcount(word));
  return sum;
}

}  // namespace search
