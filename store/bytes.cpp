#include "store/bytes.h"

#include <nmmintrin.h>

namespace store {

std::uint32_t crc32c(std::string_view bytes) {
  const char* p = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t sum = 0xffffffff;
  for (; left >= 8; left -= 8, p += 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    sum = _mm_crc32_u64(sum, word);
  }
  auto tail = static_cast<std::uint32_t>(sum);
  for (; left > 0; --left, ++p) tail = _mm_crc32_u8(tail, static_cast<std::uint8_t>(*p));
  return ~tail;
}

}  // namespace store
