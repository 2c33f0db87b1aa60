// UTF-8: what comes from outside, checked before it is understood.
#pragma once

#include <string>
#include <string_view>

namespace rest {

// The length of the well-formed sequence that `text` begins with (1 to 4); 0 if it begins with none. RFC 3629.
std::size_t utf8_sequence(std::string_view text);
bool is_utf8(std::string_view text);

}  // namespace rest
