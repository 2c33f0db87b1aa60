// Walking minified JSON that is known to be well-formed: a tree's source, a stored body.
//
// Internal to formats. Positions are offsets of first bytes; nothing is checked.
#pragma once

#include <cstdint>
#include <string_view>

namespace formats {

// One past the string that starts at `at`.
std::uint32_t skip_string(std::string_view source, std::uint32_t at);
// One past the value that starts at `at`.
std::uint32_t skip_value(std::string_view source, std::uint32_t at);

}  // namespace formats
