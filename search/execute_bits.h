// Bits: operations on flat bitmaps of 64-bit words, as the index's postings and alive sets use them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace search::bits {

using Words = std::vector<std::uint64_t>;
using View = std::span<const std::uint64_t>;

inline Words zeros(std::size_t size) { return Words((size + 63) / 64); }
inline Words ones(std::size_t size) {
  Words words((size + 63) / 64, ~std::uint64_t{0});
  if (size % 64 != 0) words.back() >>= 64 - size % 64;
  return words;
}
inline bool test(View words, std::uint32_t i) { return (words[i / 64] >> (i % 64) & 1) != 0; }
inline void set(std::span<std::uint64_t> words, std::uint32_t i) { words[i / 64] |= std::uint64_t{1} << (i % 64); }
inline void and_with(Words& words, View other) {
  for (std::size_t i = 0; i < words.size(); ++i) words[i] &= other[i];
}
inline void and_not(Words& words, View other) {
  for (std::size_t i = 0; i < words.size(); ++i) words[i] &= ~other[i];
}
inline void or_with(Words& words, View other) {
  for (std::size_t i = 0; i < words.size(); ++i) words[i] |= other[i];
}
inline std::uint64_t count(View words) {
  std::uint64_t sum = 0;
  for (const std::uint64_t word : words) sum += static_cast<unsigned>(std::popcount(word));
  return sum;
}
// Clears all but [from, to).
inline void keep(Words& words, std::uint32_t from, std::uint32_t to) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::uint64_t first = i * 64, last = first + 64;
    if (last <= from || first >= to) {
      words[i] = 0;
      continue;
    }
    if (first < from) words[i] &= ~std::uint64_t{0} << (from - first);
    if (last > to) words[i] &= ~std::uint64_t{0} >> (last - to);
  }
}
// Calls fn(i) for the set bits of [from, to), ascending, until it returns false; then returns false.
template <typename Fn>
bool each_up(View words, std::uint32_t from, std::uint32_t to, Fn fn) {
  if (from >= to) return true;
  for (std::size_t at = from / 64; at <= (to - 1) / 64; ++at) {
    std::uint64_t word = words[at];
    if (at == from / 64) word &= ~std::uint64_t{0} << (from % 64);
    if (at == (to - 1) / 64) word &= ~std::uint64_t{0} >> (63 - (to - 1) % 64);
    for (; word != 0; word &= word - 1) {
      if (!fn(static_cast<std::uint32_t>(at * 64 + static_cast<unsigned>(std::countr_zero(word))))) return false;
    }
  }
  return true;
}
// The same, descending.
template <typename Fn>
bool each_down(View words, std::uint32_t from, std::uint32_t to, Fn fn) {
  if (from >= to) return true;
  for (std::size_t at = (to - 1) / 64 + 1; at-- > from / 64;) {
    std::uint64_t word = words[at];
    if (at == from / 64) word &= ~std::uint64_t{0} << (from % 64);
    if (at == (to - 1) / 64) word &= ~std::uint64_t{0} >> (63 - (to - 1) % 64);
    while (word != 0) {
      const unsigned top = 63 - static_cast<unsigned>(std::countl_zero(word));
      word &= ~(std::uint64_t{1} << top);
      if (!fn(static_cast<std::uint32_t>(at * 64 + top))) return false;
    }
  }
  return true;
}

}  // namespace search::bits
