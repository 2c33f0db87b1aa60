// A blocked Bloom filter over a parameter's terms: one cache line answers "surely not here".
//
// About 10 bits a term, 6 of them probed within one block of 512: measured false positives are near 1.5 % (tests/search).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "search/segment_bytes.h"

namespace search {

class Bloom {
 public:
  static constexpr std::size_t block_bytes = 64;
  static constexpr std::uint32_t bits_per_term = 10;
  static constexpr unsigned probes = 6;

  static void write(const std::vector<std::uint64_t>& hashes, std::string& out) {
    const std::size_t blocks = (hashes.size() * bits_per_term + 511) / 512;
    const std::size_t start = out.size();
    out.append(blocks * block_bytes, '\0');
    for (const std::uint64_t hash : hashes) {
      char* block = out.data() + start + block_of(hash, blocks) * block_bytes;
      each_bit(hash, [&](unsigned bit) {
        block[bit / 8] = static_cast<char>(block[bit / 8] | 1 << (bit % 8));
        return true;
      });
    }
  }
  // Views `bytes`; of no bytes: holds everything.
  static bool open(std::string_view bytes, Bloom& out) {
    out.bytes_ = bytes;
    return bytes.size() % block_bytes == 0;
  }
  bool may_hold(std::uint64_t hash) const {
    if (bytes_.empty()) return true;
    const char* block = bytes_.data() + block_of(hash, bytes_.size() / block_bytes) * block_bytes;
    return each_bit(hash, [&](unsigned bit) { return (block[bit / 8] >> (bit % 8) & 1) != 0; });
  }
  bool empty() const { return bytes_.empty(); }

 private:
  // The high half picks the block, the low 54 bits six positions in it.
  static std::size_t block_of(std::uint64_t hash, std::size_t blocks) {
    return static_cast<std::size_t>(static_cast<Wide>(fold_product(hash, 0xd1b54a32d192ed03)) * blocks >> 64);
  }
  template <typename Fn>
  static bool each_bit(std::uint64_t hash, Fn&& fn) {
    for (unsigned i = 0; i < probes; ++i, hash >>= 9)
      if (!fn(static_cast<unsigned>(hash & 511))) return false;
    return true;
  }
  std::string_view bytes_;
};

}  // namespace search
