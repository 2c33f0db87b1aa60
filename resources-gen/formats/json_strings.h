// The inside of JSON strings: from escapes to UTF-8. The way back is append_string (json.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace formats {

// Appends a Unicode scalar value.
void append_utf8(std::string& out, std::uint32_t code);

// The value of four hexadecimal digits at `p`, -1 if they are not that or do not fit before `end`.
int hex4(const char* p, const char* end);

// Appends a JSON string's contents to `out`, escapes resolved. `raw` is what stood between the quotes of a well-formed string.
void append_unescaped(std::string& out, std::string_view raw);

// Where in `raw` the byte stands that append_unescaped() puts at `offset`.
std::size_t escaped_offset(std::string_view raw, std::size_t offset);

}  // namespace formats
