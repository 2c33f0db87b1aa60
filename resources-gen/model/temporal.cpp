#include "resources-gen/model/temporal.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace model {
namespace {

constexpr std::int64_t units_per_second = 10'000'000;  // 100 ns
constexpr std::int64_t units_per_day = 86'400 * units_per_second;
constexpr std::uint8_t leap_second = 60;

// Days from 1970-01-01 in the proleptic Gregorian calendar. H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

struct CivilDay {
  std::int64_t year;
  unsigned month, day;
};
CivilDay civil_from_days(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t day_of_era = days - era * 146'097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * day_of_year + 2) / 153;
  const unsigned month = static_cast<unsigned>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {year_of_era + era * 400 + (month <= 2), month, static_cast<unsigned>(day_of_year - (153 * shifted + 2) / 5 + 1)};
}

unsigned days_in_month(std::int32_t year, unsigned month) {
  constexpr std::array<unsigned, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[month - 1] + (month == 2 && leap);
}

// A cursor over the text; each step takes what it names or fails.
struct Reader {
  std::string_view rest;

  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool take_digits(std::size_t count, unsigned low, unsigned high, unsigned& value) {
    if (rest.size() < count) return false;
    value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest[i] < '0' || rest[i] > '9') return false;
      value = value * 10 + static_cast<unsigned>(rest[i] - '0');
    }
    rest.remove_prefix(count);
    return value >= low && value <= high;
  }
};

bool read_date(Reader& in, Temporal& t) {
  unsigned value = 0;
  if (!in.take_digits(4, 1, 9999, value)) return false;
  t.year = static_cast<std::int32_t>(value);
  t.precision = Precision::year;
  if (!in.take('-')) return true;
  if (!in.take_digits(2, 1, 12, value)) return false;
  t.month = static_cast<std::uint8_t>(value);
  t.precision = Precision::month;
  if (!in.take('-')) return true;
  if (!in.take_digits(2, 1, days_in_month(t.year, t.month), value)) return false;
  t.day = static_cast<std::uint8_t>(value);
  t.precision = Precision::day;
  return true;
}

// hh:mm:ss with an optional fraction; hh:mm alone only where `minutes_suffice`.
bool read_time(Reader& in, Temporal& t, bool minutes_suffice) {
  unsigned value = 0;
  if (!in.take_digits(2, 0, 23, value) || !in.take(':')) return false;
  t.hour = static_cast<std::uint8_t>(value);
  if (!in.take_digits(2, 0, 59, value)) return false;
  t.minute = static_cast<std::uint8_t>(value);
  t.precision = Precision::minute;
  if (!in.take(':')) return minutes_suffice;
  if (!in.take_digits(2, 0, 60, value)) return false;
  t.second = static_cast<std::uint8_t>(value);
  t.precision = Precision::second;
  if (!in.take('.')) return true;
  const std::size_t digits = std::min(in.rest.find_first_not_of("0123456789"), in.rest.size());
  if (digits == 0) return false;
  for (std::size_t i = 0; i < 9; ++i) {
    t.nanosecond = t.nanosecond * 10 + (i < digits ? static_cast<std::uint32_t>(in.rest[i] - '0') : 0);
  }
  t.fraction_digits = static_cast<std::uint8_t>(std::min<std::size_t>(digits, 255));
  t.precision = Precision::fraction;
  in.rest.remove_prefix(digits);
  return true;
}

// Z or +hh:mm, at most 14:00 (the regular expression of dateTime and instant). False if there is a broken one; none is no fault
// here.
bool read_zone(Reader& in, Temporal& t) {
  if (in.rest.empty()) return true;
  t.has_zone = true;
  if (in.take('Z')) return true;
  const bool west = in.rest.front() == '-';
  if (!in.take('-') && !in.take('+')) return false;
  unsigned hours = 0, minutes = 0;
  if (!in.take_digits(2, 0, 14, hours) || !in.take(':') || !in.take_digits(2, 0, hours == 14 ? 0 : 59, minutes)) return false;
  const auto offset = static_cast<std::int16_t>(hours * 60 + minutes);
  t.zone_minutes = west ? static_cast<std::int16_t>(-offset) : offset;
  return true;
}

}  // namespace

std::optional<Temporal> Temporal::parse(std::string_view text, Primitive primitive) {
  Temporal t;
  Reader in{text};
  if (primitive == Primitive::time) {
    if (!read_time(in, t, false) || !in.rest.empty()) return std::nullopt;
    return t;
  }
  if (primitive != Primitive::date && primitive != Primitive::date_time && primitive != Primitive::instant) return std::nullopt;
  if (!read_date(in, t)) return std::nullopt;
  if (primitive != Primitive::date && t.precision == Precision::day && in.take('T')) {
    if (!read_time(in, t, false) || !read_zone(in, t) || !t.has_zone) return std::nullopt;
  }
  if (!in.rest.empty() || (primitive == Primitive::instant && t.precision < Precision::second)) return std::nullopt;
  return t;
}

std::optional<Temporal> Temporal::parse_search(std::string_view text) {
  Temporal t;
  Reader in{text};
  if (!read_date(in, t)) return std::nullopt;
  if (t.precision == Precision::day && in.take('T') && (!read_time(in, t, true) || !read_zone(in, t))) return std::nullopt;
  if (!in.rest.empty()) return std::nullopt;
  return t;
}

std::int64_t Temporal::low() const {
  const std::int64_t days = year == 0 ? 0 : days_from_civil(year, month, day);
  const std::int64_t seconds = (hour * 60 + minute - zone_minutes) * std::int64_t{60};
  if (second == leap_second) return days * units_per_day + (seconds + 60) * units_per_second - 1;
  return days * units_per_day + (seconds + second) * units_per_second + nanosecond / 100;
}

std::int64_t Temporal::high() const {
  if (second == leap_second) return low() + 1;
  switch (precision) {
    case Precision::year:
      return days_from_civil(year + 1, 1, 1) * units_per_day;
    case Precision::month:
      return days_from_civil(year, month, days_in_month(year, month)) * units_per_day + units_per_day;
    case Precision::day:
      return low() + units_per_day;
    case Precision::minute:
      return low() + 60 * units_per_second;
    case Precision::second:
      return low() + units_per_second;
    case Precision::fraction:
      break;
  }
  std::int64_t unit = units_per_second;
  for (int i = 0; i < fraction_digits && unit > 1; ++i) unit /= 10;
  return low() + unit;
}

std::string instant_text(std::int64_t milliseconds) {
  std::int64_t days = milliseconds / 86'400'000;
  std::int64_t rest = milliseconds % 86'400'000;
  if (rest < 0) {
    rest += 86'400'000;
    --days;
  }
  const CivilDay civil = civil_from_days(std::clamp<std::int64_t>(days, -719'162, 2'932'896));  // 0001-01-01 to 9999-12-31
  std::string out = "0000-00-00T00:00:00.000Z";
  const auto put = [&](std::size_t at, std::size_t count, std::int64_t value) {
    for (std::size_t i = count; i-- > 0; value /= 10) out[at + i] = static_cast<char>('0' + value % 10);
  };
  put(0, 4, civil.year);
  put(5, 2, civil.month);
  put(8, 2, civil.day);
  put(11, 2, rest / 3'600'000);
  put(14, 2, rest / 60'000 % 60);
  put(17, 2, rest / 1000 % 60);
  put(20, 3, rest % 1000);
  return out;
}

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace model
