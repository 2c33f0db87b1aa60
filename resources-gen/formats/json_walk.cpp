#include "resources-gen/formats/json_walk.h"

#include <emmintrin.h>

namespace formats {
namespace {

__m128i load(std::string_view source, std::uint32_t at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(source.data() + at));
}
__m128i where(__m128i bytes, char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); }

// The next quote or backslash from `at` on.
std::uint32_t next_in_string(std::string_view source, std::uint32_t at) {
  for (; at + 16 <= source.size(); at += 16) {
    const __m128i bytes = load(source, at);
    const int mask = _mm_movemask_epi8(_mm_or_si128(where(bytes, '"'), where(bytes, '\\')));
    if (mask) return at + static_cast<std::uint32_t>(__builtin_ctz(static_cast<unsigned>(mask)));
  }
  while (source[at] != '"' && source[at] != '\\') ++at;
  return at;
}

// The next quote, brace or bracket from `at` on. 0x20 makes a bracket of either kind the brace of that kind.
std::uint32_t next_structure(std::string_view source, std::uint32_t at) {
  for (; at + 16 <= source.size(); at += 16) {
    const __m128i bytes = _mm_or_si128(load(source, at), _mm_set1_epi8(0x20));
    const int mask = _mm_movemask_epi8(_mm_or_si128(where(bytes, '"'), _mm_or_si128(where(bytes, '{'), where(bytes, '}'))));
    if (mask) return at + static_cast<std::uint32_t>(__builtin_ctz(static_cast<unsigned>(mask)));
  }
  while (source[at] != '"' && (source[at] | 0x20) != '{' && (source[at] | 0x20) != '}') ++at;
  return at;
}

}  // namespace

std::uint32_t skip_string(std::string_view source, std::uint32_t at) {
  for (at = next_in_string(source, at + 1); source[at] != '"'; at = next_in_string(source, at + 2)) {
  }
  return at + 1;
}

std::uint32_t skip_value(std::string_view source, std::uint32_t at) {
  if (source[at] == '"') return skip_string(source, at);
  if ((source[at] | 0x20) != '{') {  // a number or a literal
    while (at < source.size() && source[at] != ',' && source[at] != '}' && source[at] != ']') ++at;
    return at;
  }
  std::uint32_t depth = 1;
  for (++at; depth > 0;) {
    at = next_structure(source, at);
    if (source[at] == '"') {
      at = skip_string(source, at);
    } else {
      depth += (source[at] | 0x20) == '{' ? 1 : -1;
      ++at;
    }
  }
  return at;
}

}  // namespace formats
