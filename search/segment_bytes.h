// Integers in a segment's bytes: little-endian, varints (LEB128), packed bit fields; its checksum and its hash.
//
// Readers never step outside the bytes they were given, whatever stands in them: a damaged file must not crash a reader.
#pragma once

#include <nmmintrin.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace search {

static_assert(std::endian::native == std::endian::little, "segments are little-endian");

template <typename T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

inline void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

inline void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out.append(text);
}

// A bounded read position. What runs past the end sets `bad` and yields zeros.
struct Input {
  const char* at = nullptr;
  const char* end = nullptr;
  bool bad = false;

  std::size_t left() const { return static_cast<std::size_t>(end - at); }
  std::uint64_t varint() {
    if (at != end && static_cast<unsigned char>(*at) < 0x80) return static_cast<unsigned char>(*at++);
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at == end) break;
      const auto byte = static_cast<unsigned char>(*at++);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    bad = true;
    return 0;
  }
  template <typename T>
  T fixed() {
    if (left() < sizeof(T)) {
      bad = true;
      at = end;
      return 0;
    }
    T value = load<T>(at);
    at += sizeof(T);
    return value;
  }
  std::string_view bytes(std::uint64_t count) {
    if (left() < count) {
      bad = true;
      at = end;
      return {};
    }
    std::string_view view(at, count);
    at += count;
    return view;
  }
  std::string_view text() { return bytes(varint()); }
};

// Bit fields of up to 57 bits, least significant bit first. A reader may touch 8 bytes past the last field: segments end in a
// footer, so that these bytes exist.
inline std::uint64_t unpack(const char* data, std::uint64_t bit, unsigned width) {
  const std::uint64_t word = load<std::uint64_t>(data + (bit >> 3));
  return (word >> (bit & 7)) & ((std::uint64_t{1} << width) - 1);
}
inline unsigned width_of(std::uint64_t value) { return static_cast<unsigned>(std::bit_width(value)); }
inline std::uint64_t packed_bytes(std::uint64_t count, unsigned width) { return (count * width + 7) / 8; }

class BitPacker {
 public:
  explicit BitPacker(std::string& out) : out_(out) {}
  void add(std::uint64_t value, unsigned width) {  // up to 57 bits
    bits_ |= value << used_;
    used_ += width;
    while (used_ >= 8) {
      out_.push_back(static_cast<char>(bits_));
      bits_ >>= 8;
      used_ -= 8;
    }
  }
  void finish() {
    if (used_ > 0) out_.push_back(static_cast<char>(bits_));
    bits_ = 0;
    used_ = 0;
  }

 private:
  std::string& out_;
  std::uint64_t bits_ = 0;
  unsigned used_ = 0;
};

// CRC-32C (RFC 3720, B.4), continued from `crc` (0 to begin).
inline std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes) {
  std::uint64_t state = ~crc;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) state = _mm_crc32_u64(state, load<std::uint64_t>(at));
  for (; left > 0; --left, ++at) state = _mm_crc32_u8(static_cast<std::uint32_t>(state), static_cast<std::uint8_t>(*at));
  return ~static_cast<std::uint32_t>(state);
}

// The hash of a term, part of the file format (Bloom filters): words of 8 bytes multiplied into a 128-bit product and folded.
__extension__ using Wide = unsigned __int128;
inline std::uint64_t fold_product(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}
inline std::uint64_t hash_term(std::string_view bytes) {
  constexpr std::uint64_t first = 0x9e3779b97f4a7c15, second = 0xd1b54a32d192ed03;
  std::uint64_t hash = bytes.size() * first + 1;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) hash = fold_product(hash ^ load<std::uint64_t>(at), first) + second;
  if (left > 0) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, left);
    hash = fold_product(hash ^ word, second) + first;
  }
  return fold_product(hash ^ (hash >> 32), first);
}

}  // namespace search
