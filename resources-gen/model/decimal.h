// Decimal: a FHIR decimal, exact, with the precision it was written in. Never binary floating point.
//
// Value = digits x 10^exponent; "1.50" keeps its two decimals. A value type; parse() refuses what R4 datatypes.html#decimal
// refuses.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace model {

class Decimal {
 public:
  Decimal() = default;
  // Takes JSON's number grammar ("-1.50", "1E+2", "0.0"); nullopt for anything else, or beyond +-10^100000 in magnitude.
  static std::optional<Decimal> parse(std::string_view text);
  static Decimal from_integer(std::int64_t value);

  bool negative() const { return negative_; }
  bool is_zero() const;
  // Significant digits, no leading zeros ("0" is ""), trailing zeros as written.
  std::string_view digits() const { return digits_; }
  std::int32_t exponent() const { return exponent_; }  // of the last digit: "1.50" is -2, "1E+2" is 2

  // Half of the last place written: 100 -> 0.5, 1.50 -> 0.005, 1E+2 -> 50; R4 search.html#number's implicit range is
  // [value - half, value + half). Both ends exact.
  Decimal implicit_low() const;
  Decimal implicit_high() const;
  // value -/+ 10 % of |value|, for `ap` (R4 search.html#prefix).
  Decimal approximate_low() const;
  Decimal approximate_high() const;

  std::strong_ordering operator<=>(const Decimal& other) const;  // by value: 1.5 == 1.50
  bool operator==(const Decimal& other) const { return (*this <=> other) == 0; }
  std::string text() const;  // plain or as parsed from, JSON grammar

  // Bytes whose memcmp order is the order of values, equal for equal values, self-delimiting. For index terms.
  void append_ordered(std::string& out) const;
  // Reads one append_ordered encoding at the front of `bytes` and removes it.
  static Decimal read_ordered(std::string_view& bytes);

 private:
  bool negative_ = false;
  std::string digits_;
  std::int32_t exponent_ = 0;
};

}  // namespace model
