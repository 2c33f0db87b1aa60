// JsonPointer: a place in a JSON text, RFC 6901.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patch {

struct JsonPointer {
  std::string text;                 // as sent: "/name/0/given"
  std::vector<std::string> tokens;  // "name", "0", "given"; none for the whole

  // nullopt if it does not begin with '/', or a '~' is followed by neither 0 nor 1.
  static std::optional<JsonPointer> parse(std::string_view text);
  // True if `other` lies within what this names, and is not the same.
  bool holds(const JsonPointer& other) const;
};

// An array index as RFC 6901 section 4 has it: digits without leading zeros. nullopt: it is none. What no array can have, is the
// greatest number.
std::optional<std::size_t> array_index(std::string_view token);

}  // namespace patch
