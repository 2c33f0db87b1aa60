// Reading the small grammars of HTTP header fields: lists, parameters, quoted strings. RFC 9110 5.6.
#pragma once

#include <string_view>

namespace rest {

bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII
std::string_view trimmed(std::string_view text);                   // without spaces and tabs around it

// The text up to the first `separator` outside of double quotes, trimmed; `text` becomes what follows it.
std::string_view next_part(std::string_view& text, char separator);
// Whether the text is one media type with its parameters, and nothing else (RFC 9110 8.3.1).
bool is_media_type(std::string_view text);
// Without the double quotes around it, if it has any. Escapes within are kept.
std::string_view unquoted(std::string_view text);

}  // namespace rest
