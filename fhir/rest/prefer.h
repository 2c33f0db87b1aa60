// Preferences: what the Prefer headers ask for. R4 async.html (respond-async), http.html#ops (return), search.html#errors
// (handling); RFC 7240.
#pragma once

#include <cstdint>
#include <string_view>

namespace rest {

enum class Return : std::uint8_t { unset, minimal, representation, outcome };

struct Preferences {
  Return answer = Return::unset;
  bool respond_async = false;  // RFC 7240 4.1
  bool strict = false;         // handling=strict: what is not understood is an error
};

// Reads one Prefer header's value into `preferences`; the first mention of a preference counts, unknown ones are ignored (RFC
// 7240 section 2).
void read_prefer(std::string_view value, Preferences& preferences);

}  // namespace rest
