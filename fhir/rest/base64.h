// Base64 as base64Binary has it (R4 datatypes.html#base64Binary, RFC 4648 4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rest {

inline std::uint64_t base64_size(std::uint64_t bytes) { return (bytes + 2) / 3 * 4; }
// Appends `bytes`, padded where three do not divide them.
void append_base64(std::string& out, std::string_view bytes);
// Appends what `text` says; white space within is passed over. False if it is no base64; `out` is then of no use.
bool append_decoded(std::string& out, std::string_view text);

}  // namespace rest
