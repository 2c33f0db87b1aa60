// Walking minified JSON that is known to be well-formed: a tree's source, a stored body.
//
// Internal to formats. Positions are offsets of first bytes; nothing is checked.
#pragma once

#include <cstdint>
#include <string_view>

namespace formats {

// One past the string that starts at `at`.
inline std::uint32_t skip_string(std::string_view source, std::uint32_t at) {
  for (++at; source[at] != '"'; ++at) at += source[at] == '\\';
  return at + 1;
}

// One past the value that starts at `at`.
inline std::uint32_t skip_value(std::string_view source, std::uint32_t at) {
  std::uint32_t depth = 0;
  do {
    const char c = source[at];
    if (c == '"') {
      at = skip_string(source, at);
    } else if (c == '{' || c == '[') {
      ++depth;
      ++at;
    } else if (c == '}' || c == ']') {
      --depth;
      ++at;
    } else if (depth > 0) {
      ++at;
    } else {  // a number or a literal of its own
      while (at < source.size() && source[at] != ',' && source[at] != '}' && source[at] != ']') ++at;
    }
  } while (depth > 0);
  return at;
}

}  // namespace formats
