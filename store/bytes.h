// Bytes: the few encodings that the store's records are made of.
//
// A varint is LEB128: seven bits a byte, the lowest first, the high bit set on all but the last; at most ten bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace store {

inline void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

// Reads from the front of a view. After the first failure everything reads as zero or empty, and ok() is false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(bytes_.front());
      bytes_.remove_prefix(1);
      if (shift == 63 && byte > 1) break;
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    return fail();
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1).empty() ? 0 : last_[0]); }
  std::string_view take(std::size_t size) {
    if (size > bytes_.size()) {
      fail();
      return last_ = {};
    }
    last_ = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return last_;
  }
  std::string_view rest() const { return bytes_; }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && bytes_.empty(); }

 private:
  std::uint64_t fail() {
    ok_ = false;
    bytes_ = {};
    return 0;
  }
  std::string_view bytes_;
  std::string_view last_;
  bool ok_ = true;
};

// CRC-32C (Castagnoli), as in RFC 3720 B.4.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace store
