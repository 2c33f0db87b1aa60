// What stands in XHTML's text and attributes, as a browser reads it: references, the schemes of links, active styles.
//
// Internal to formats: narrative.h has what others call. Nothing here allocates.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace formats {

// The first of three bytes in [at, end); end if none is there.
const char* find_any(const char* at, const char* end, char a, char b, char c);

// ASCII; `word` is in lower case.
bool equal_lower(std::string_view text, std::string_view word);

// The character that a reference names: "amp", "#160", "#xA0", without & and ;. 0 if XML has none such.
std::uint32_t referenced(std::string_view name);

// The scheme of a link: references resolved if there are any, white space and controls left out, in lower case; at most 15
// characters, in `buffer`. Empty if the link is relative.
std::string_view link_scheme(std::string_view text, bool references, std::array<char, 16>& buffer);

// What of a style runs or is fetched: `expression(`, properties of that kind, @import. `what` is empty if nothing is.
struct ActiveStyle {
  const char* at;
  std::string_view what;
};
ActiveStyle active_style(std::string_view text);

}  // namespace formats
