// Moment: a date, dateTime or time of FHIRPath, with the precision and zone it was written in.
//
// Apart from model::Temporal because FHIRPath knows hours without minutes, compares component by component with three
// outcomes, and adds durations (N1 sections 6.1, 6.2 and 6.7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fhirpath {

enum class Grain : std::uint8_t { year, month, day, hour, minute, second };

struct Moment {
  std::int32_t year = 1;
  std::int32_t month = 1, day = 1, hour = 0, minute = 0, second = 0;
  std::int32_t nanosecond = 0;       // digits beyond are cut
  std::uint8_t fraction_digits = 0;  // as written, at most 9
  Grain grain = Grain::day;
  bool zoned = false;
  std::int32_t zone = 0;  // minutes east of UTC
};

std::optional<Moment> parse_date(std::string_view text);  // 2015, 2015-02, 2015-02-04
std::optional<Moment> parse_date_time(
    std::string_view text);  // the same, with or without T, and T14, T14:34, T14:34:28.123, then Z or +10:00
std::optional<Moment> parse_time(std::string_view text);  // 14, 14:34, 14:34:28.123

std::string date_text(const Moment& moment);
std::string date_time_text(const Moment& moment);  // "2015T" is "2015": toString() writes what FHIR writes
std::string time_text(const Moment& moment);

// Less than 0, 0, more than 0; nullopt where precision or a missing zone leaves it open. A missing zone may be any from
// -12:00 to +14:00.
std::optional<int> compare_dates(const Moment& a, const Moment& b);
std::optional<int> compare_times(const Moment& a, const Moment& b);

enum class Duration : std::uint8_t { year, month, week, day, hour, minute, second, millisecond };

// `amount` milliseconds for Duration::second and below, whole units else. nullopt beyond the years 1 to 9999.
std::optional<Moment> add_to_date(const Moment& moment, std::int64_t amount, Duration unit);
std::optional<Moment> add_to_time(const Moment& moment, std::int64_t amount, Duration unit);  // wraps at midnight

Moment utc_now();

}  // namespace fhirpath
