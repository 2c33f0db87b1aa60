#include "resources-gen/formats/xhtml_values.h"

#include <emmintrin.h>

#include <algorithm>

namespace formats {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool starts_with_lower(const char* at, const char* end, std::string_view word) {
  return static_cast<std::size_t>(end - at) >= word.size() && equal_lower({at, word.size()}, word);
}
bool ends_with_lower(const char* begin, const char* at, std::string_view word) {
  return static_cast<std::size_t>(at - begin) >= word.size() && equal_lower({at - word.size(), word.size()}, word);
}

}  // namespace

const char* find_any(const char* at, const char* end, char a, char b, char c) {
  const __m128i first = _mm_set1_epi8(a), second = _mm_set1_epi8(b), third = _mm_set1_epi8(c);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i hits =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, first), _mm_cmpeq_epi8(bytes, second)), _mm_cmpeq_epi8(bytes, third));
    if (const int mask = _mm_movemask_epi8(hits)) return at + __builtin_ctz(static_cast<unsigned>(mask));
  }
  while (at < end && *at != a && *at != b && *at != c) ++at;
  return at;
}

bool equal_lower(std::string_view text, std::string_view word) {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char c, char w) { return lower(c) == w; });
}

std::uint32_t referenced(std::string_view name) {
  struct Entity {
    std::string_view name;
    char character;
  };
  static constexpr std::array<Entity, 5> entities{{{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  if (name.empty()) return 0;
  if (name[0] != '#') {
    for (const auto& entity : entities) {
      if (entity.name == name) return static_cast<std::uint32_t>(entity.character);
    }
    return 0;
  }
  const bool hex = name.size() > 1 && name[1] == 'x';
  const auto digits = name.substr(hex ? 2 : 1);
  std::uint32_t value = 0;
  for (const char c : digits) {
    const char l = lower(c);
    const int digit = c >= '0' && c <= '9' ? c - '0' : hex && l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
    if (digit < 0 || value > 0x10ffff) return 0;
    value = value * (hex ? 16 : 10) + static_cast<std::uint32_t>(digit);
  }
  // XML 1.0 2.2, Char
  const bool allowed = value == 9 || value == 10 || value == 13 || (value >= 0x20 && value <= 0xd7ff) ||
                       (value >= 0xe000 && value <= 0xfffd) || (value >= 0x10000 && value <= 0x10ffff);
  return allowed ? value : 0;
}

std::string_view link_scheme(std::string_view text, bool references, std::array<char, 16>& buffer) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size() && size < buffer.size() - 1; ++i) {
    std::uint32_t c = static_cast<unsigned char>(text[i]);
    if (references && c == '&') {
      const auto semicolon = text.find(';', i);
      if (semicolon == std::string_view::npos) break;
      c = referenced(text.substr(i + 1, semicolon - i - 1));
      i = semicolon;
    }
    if (c <= ' ') continue;
    if (c == ':') return {buffer.data(), size};
    const char l = c < 0x80 ? lower(static_cast<char>(c)) : '\0';
    if (!((l >= 'a' && l <= 'z') || (l >= '0' && l <= '9') || l == '+' || l == '-' || l == '.')) break;
    buffer[size++] = l;
  }
  return {};
}

ActiveStyle active_style(std::string_view text) {
  static constexpr std::array<std::string_view, 5> properties{"javascript", "vbscript", "behavior", "behaviour", "-moz-binding"};
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  for (const char* at = find_any(begin, end, '(', ':', '@'); at < end; at = find_any(at + 1, end, '(', ':', '@')) {
    if (*at == '@') {
      if (starts_with_lower(at, end, "@import")) return {at, "@import"};
    } else if (*at == '(') {
      if (ends_with_lower(begin, at, "expression")) return {at, "expression("};
      if (starts_with_lower(at, end, "(data:image/")) at = find_any(at, end, ')', ')', ')');  // its bytes say nothing
      if (at == end) break;
    } else {
      const char* stop = at;
      while (stop > begin && static_cast<unsigned char>(stop[-1]) <= ' ') --stop;
      for (const auto property : properties) {
        if (ends_with_lower(begin, stop, property)) return {at, property};
      }
    }
  }
  return {end, {}};
}

}  // namespace formats
