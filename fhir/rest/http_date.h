// Dates of HTTP headers. RFC 9110 5.6.7.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rest {

std::string http_date(std::int64_t milliseconds);  // "Tue, 15 Nov 1994 12:45:26 GMT", from milliseconds since 1970

// Seconds since 1970, of a date in any of the three forms that a recipient must read:
//   Sun, 06 Nov 1994 08:49:37 GMT   Sunday, 06-Nov-94 08:49:37 GMT   Sun Nov  6 08:49:37 1994
// nullopt: no date; the header is to be ignored (RFC 9110 13.1.3).
std::optional<std::int64_t> parse_http_date(std::string_view text);

}  // namespace rest
