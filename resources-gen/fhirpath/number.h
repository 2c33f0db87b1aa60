// Exact arithmetic on decimals in text form ("1.50", "-3", "1E+2"), for FHIRPath's numbers.
//
// nullopt is FHIRPath's empty: overflow (beyond 1,000 digits), division by zero, a root of a negative number.
// Sums, differences and products are exact; quotients have 28 digits after the point, rounded half away from zero.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fhirpath::number {

// Both must be numbers. Orders any two, however large.
int compare(std::string_view a, std::string_view b);
// N1 6.1.2: equal when rounded to the digits of the less precise, trailing zeros not counted.
bool equivalent(std::string_view a, std::string_view b);
// The same text for equal values; for hashing.
std::string normal(std::string_view a);

// Of arithmetic with it, in ticks (run.h): most numbers cost nothing to speak of.
std::uint64_t cost(std::string_view a);

std::optional<std::string> add(std::string_view a, std::string_view b);
std::optional<std::string> subtract(std::string_view a, std::string_view b);
std::optional<std::string> multiply(std::string_view a, std::string_view b);
std::optional<std::string> divide(std::string_view a, std::string_view b);
std::optional<std::int64_t> integer_divide(std::string_view a, std::string_view b);
std::optional<std::string> modulo(std::string_view a, std::string_view b);

std::string negate(std::string_view a);
std::optional<std::int64_t> ceiling(std::string_view a);
std::optional<std::int64_t> floor(std::string_view a);
std::optional<std::int64_t> truncate(std::string_view a);
std::optional<std::string> round(std::string_view a, std::int64_t places);
std::optional<std::string> square_root(std::string_view a);
std::optional<std::string> exponential(std::string_view a);
std::optional<std::string> natural_logarithm(std::string_view a);
std::optional<std::string> logarithm(std::string_view a, std::string_view base);
std::optional<std::string> power(std::string_view a, std::string_view exponent);

// What toDecimal() and toInteger() take: (+|-)? digits (. digits)?
bool is_decimal(std::string_view text);
std::optional<std::int64_t> to_integer(std::string_view text);  // nullopt beyond FHIRPath's 32 bits
bool is_whole(std::string_view a);

// The ends of what a decimal of that precision may stand for: value -/+ half of its last place, written with `places` decimals
// (cut towards the lower end for low, the upper for high).
std::optional<std::string> boundary(std::string_view a, std::int64_t places, bool high);

}  // namespace fhirpath::number
