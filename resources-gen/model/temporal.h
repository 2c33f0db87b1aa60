// Temporal: a FHIR date, dateTime, instant or time with the precision and zone it was written in.
//
// A value type. R4 datatypes.html#date, #dateTime, #instant, #time; its search range: search.html#date.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "resources-gen/model/schema.h"

namespace model {

enum class Precision : std::uint8_t { year, month, day, minute, second, fraction };

struct Temporal {
  std::int32_t year = 0;  // 1 to 9999; unused for time
  std::uint8_t month = 1, day = 1;
  std::uint8_t hour = 0, minute = 0, second = 0;  // second 60 is a leap second
  std::uint32_t nanosecond = 0;                   // fraction beyond nanoseconds is cut here, kept in the text
  std::uint8_t fraction_digits = 0;
  Precision precision = Precision::day;
  bool has_zone = false;
  std::int16_t zone_minutes = 0;  // east of UTC

  // By the primitive's own rule; nullopt if the text breaks it (days of the month and ranges are checked).
  static std::optional<Temporal> parse(std::string_view text, Primitive primitive);
  // What search accepts as a date value: any precision of dateTime, minutes without seconds, zone optional.
  static std::optional<Temporal> parse_search(std::string_view text);

  // The range that the value covers: [low, high), in units of 100 ns since 1970-01-01T00:00Z, saturating.
  // A value without zone is taken in UTC (R4 search.html#date: the server's zone). A leap second, whatever its fraction, is the
  // last unit of its minute: 23:59:60 is of the day that it ends, and behind 23:59:59.9.
  std::int64_t low() const;
  std::int64_t high() const;
};

// "2026-11-23T23:43:27.123Z" from milliseconds since 1970, UTC; always 24 characters.
std::string instant_text(std::int64_t milliseconds);

// The system's clock, in milliseconds since 1970, UTC.
std::int64_t now_ms();

}  // namespace model
