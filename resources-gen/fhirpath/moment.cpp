#include "resources-gen/fhirpath/moment.h"

#include <chrono>

#include "resources-gen/model/temporal.h"

namespace fhirpath {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t day_seconds = 86'400;

// Two or four digits at `at`; -1 if they are not there.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

int days_in(std::int32_t year, std::int32_t month) {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[month - 1];
}

// Reads the date at the front; `at` is left behind it.
bool read_date(std::string_view text, std::size_t& at, Moment& out) {
  out.year = digits(text, 0, 4);
  if (out.year < 1) return false;
  out.grain = Grain::year;
  at = 4;
  if (at >= text.size() || text[at] != '-') return true;
  out.month = digits(text, at + 1, 2);
  if (out.month < 1 || out.month > 12) return false;
  out.grain = Grain::month;
  at += 3;
  if (at >= text.size() || text[at] != '-') return true;
  out.day = digits(text, at + 1, 2);
  if (out.day < 1 || out.day > days_in(out.year, out.month)) return false;
  out.grain = Grain::day;
  at += 3;
  return true;
}

bool read_time(std::string_view text, std::size_t& at, Moment& out) {
  out.hour = digits(text, at, 2);
  if (out.hour < 0 || out.hour > 23) return false;
  out.grain = Grain::hour;
  at += 2;
  if (at >= text.size() || text[at] != ':') return true;
  out.minute = digits(text, at + 1, 2);
  if (out.minute < 0 || out.minute > 59) return false;
  out.grain = Grain::minute;
  at += 3;
  if (at >= text.size() || text[at] != ':') return true;
  out.second = digits(text, at + 1, 2);
  if (out.second < 0 || out.second > 60) return false;  // 60: R4 allows leap seconds
  out.grain = Grain::second;
  at += 3;
  if (at >= text.size() || text[at] != '.') return true;
  const std::size_t begin = ++at;
  std::int32_t scale = 100'000'000;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    out.nanosecond += (text[at] - '0') * scale;
    scale /= 10;
    if (out.fraction_digits < 9) ++out.fraction_digits;
    ++at;
  }
  return at > begin;
}

bool read_zone(std::string_view text, std::size_t& at, Moment& out) {
  if (at >= text.size()) return true;
  if (text[at] == 'Z') {
    out.zoned = true;
    ++at;
    return true;
  }
  if (text[at] != '+' && text[at] != '-') return true;
  const int hours = digits(text, at + 1, 2);
  const int minutes = digits(text, at + 4, 2);
  if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59 || text[at + 3] != ':') return false;
  out.zoned = true;
  out.zone = (hours * 60 + minutes) * (text[at] == '-' ? -1 : 1);
  at += 6;
  return true;
}

std::int64_t day_number(const Moment& m) {
  const std::chrono::year_month_day date{std::chrono::year(m.year), std::chrono::month(static_cast<unsigned>(m.month)),
                                         std::chrono::day(static_cast<unsigned>(m.day))};
  return std::chrono::sys_days(date).time_since_epoch().count();
}

bool set_day(Moment& m, std::int64_t number) {
  if (number < -719'162 || number > 2'932'896) return false;  // 0001-01-01, 9999-12-31
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(number))};
  m.year = static_cast<int>(date.year());
  m.month = static_cast<std::int32_t>(static_cast<unsigned>(date.month()));
  m.day = static_cast<std::int32_t>(static_cast<unsigned>(date.day()));
  return true;
}

std::int64_t seconds_of_day(const Moment& m) { return m.hour * 3600 + m.minute * 60 + m.second; }

Moment in_utc(Moment m) {
  const std::int64_t minutes = m.hour * 60 + m.minute - m.zone;
  const std::int64_t days = minutes < 0 ? -1 : minutes / 1440;
  const std::int64_t rest = minutes - days * 1440;
  m.hour = static_cast<std::int32_t>(rest / 60);
  m.minute = static_cast<std::int32_t>(rest % 60);
  if (days != 0) set_day(m, day_number(m) + days);  // beyond the year range it stays as it is
  m.zone = 0;
  return m;
}

// N1 6.1.1: component by component; where one has a component and the other has not, the outcome is open.
std::optional<int> by_component(const Moment& a, const Moment& b, Grain first) {
  const std::int64_t left[] = {a.year, a.month, a.day, a.hour, a.minute, a.second * second_ns + a.nanosecond};
  const std::int64_t right[] = {b.year, b.month, b.day, b.hour, b.minute, b.second * second_ns + b.nanosecond};
  for (int i = static_cast<int>(first); i <= static_cast<int>(Grain::second); ++i) {
    const bool in_a = i <= static_cast<int>(a.grain);
    const bool in_b = i <= static_cast<int>(b.grain);
    if (!in_a && !in_b) return 0;
    if (in_a != in_b) return std::nullopt;
    if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
  }
  return 0;
}

struct Span {
  std::int64_t low, high;  // seconds since 1970 UTC, inclusive
};

Span span(const Moment& m) {
  Moment last = m;
  if (m.grain < Grain::month) last.month = 12;
  if (m.grain < Grain::day) last.day = days_in(last.year, last.month);
  if (m.grain < Grain::hour) last.hour = 23;
  if (m.grain < Grain::minute) last.minute = 59;
  if (m.grain < Grain::second) last.second = 59;
  Span result{day_number(m) * day_seconds + seconds_of_day(m), day_number(last) * day_seconds + seconds_of_day(last)};
  result.low -= m.zoned ? m.zone * 60 : 14 * 3600;
  result.high -= m.zoned ? m.zone * 60 : -12 * 3600;
  return result;
}

void append(std::string& out, std::int64_t value, int width) {
  const std::string text = std::to_string(value);
  if (text.size() < static_cast<std::size_t>(width)) out.append(static_cast<std::size_t>(width) - text.size(), '0');
  out += text;
}

void append_clock(std::string& out, const Moment& m) {
  append(out, m.hour, 2);
  if (m.grain < Grain::minute) return;
  out += ':';
  append(out, m.minute, 2);
  if (m.grain < Grain::second) return;
  out += ':';
  append(out, m.second, 2);
  if (m.fraction_digits == 0) return;
  std::string fraction;
  append(fraction, m.nanosecond, 9);
  out += '.';
  out.append(fraction, 0, m.fraction_digits);
}

// Adds milliseconds to the time of day; returns the days carried.
std::int64_t add_clock(Moment& m, std::int64_t milliseconds) {
  constexpr std::int64_t day_ms = day_seconds * 1000;
  const std::int64_t sub_ms = m.nanosecond % 1'000'000;
  std::int64_t total = seconds_of_day(m) * 1000 + m.nanosecond / 1'000'000 + milliseconds % day_ms;
  std::int64_t days = milliseconds / day_ms;
  while (total < 0) {
    total += day_ms;
    --days;
  }
  days += total / day_ms;
  total %= day_ms;
  m.hour = static_cast<std::int32_t>(total / 3'600'000);
  m.minute = static_cast<std::int32_t>(total / 60'000 % 60);
  m.second = static_cast<std::int32_t>(total / 1000 % 60);
  m.nanosecond = static_cast<std::int32_t>(total % 1000 * 1'000'000 + sub_ms);
  if (milliseconds % 1000 != 0 && m.fraction_digits < 3) m.fraction_digits = 3;
  return days;
}

std::optional<Moment> add_months(Moment m, std::int64_t months) {
  const std::int64_t total = static_cast<std::int64_t>(m.year) * 12 + (m.month - 1) + months;
  if (total < 12 || total >= 120'000) return std::nullopt;
  m.year = static_cast<std::int32_t>(total / 12);
  m.month = static_cast<std::int32_t>(total % 12) + 1;
  if (m.day > days_in(m.year, m.month)) m.day = days_in(m.year, m.month);  // N1 6.7.1: the last day of the month
  return m;
}

// Milliseconds of one unit of a day or less.
std::int64_t unit_ms(Duration unit) {
  switch (unit) {
    case Duration::week:
      return 7 * day_seconds * 1000;
    case Duration::day:
      return day_seconds * 1000;
    case Duration::hour:
      return 3'600'000;
    case Duration::minute:
      return 60'000;
    default:
      return 1;
  }
}

constexpr std::int64_t most = 400'000'000'000'000;  // milliseconds: beyond the years that there are, and safe to add

}  // namespace

std::optional<Moment> parse_date(std::string_view text) {
  Moment out;
  std::size_t at = 0;
  if (!read_date(text, at, out) || at != text.size()) return std::nullopt;
  return out;
}

std::optional<Moment> parse_date_time(std::string_view text) {
  Moment out;
  std::size_t at = 0;
  if (!read_date(text, at, out)) return std::nullopt;
  if (at == text.size()) return out;
  if (text[at] != 'T') return std::nullopt;
  if (++at == text.size()) return out;
  if (out.grain != Grain::day || !read_time(text, at, out) || !read_zone(text, at, out) || at != text.size()) return std::nullopt;
  return out;
}

std::optional<Moment> parse_time(std::string_view text) {
  Moment out;
  std::size_t at = 0;
  if (!read_time(text, at, out) || at != text.size()) return std::nullopt;
  return out;
}

std::string date_text(const Moment& moment) {
  std::string out;
  append(out, moment.year, 4);
  if (moment.grain >= Grain::month) {
    out += '-';
    append(out, moment.month, 2);
  }
  if (moment.grain >= Grain::day) {
    out += '-';
    append(out, moment.day, 2);
  }
  return out;
}

std::string date_time_text(const Moment& moment) {
  std::string out = date_text(moment);
  if (moment.grain < Grain::hour) return out;
  out += 'T';
  append_clock(out, moment);
  if (!moment.zoned) return out;
  if (moment.zone == 0) return out + "Z";
  const std::int32_t minutes = moment.zone < 0 ? -moment.zone : moment.zone;
  out += moment.zone < 0 ? '-' : '+';
  append(out, minutes / 60, 2);
  out += ':';
  append(out, minutes % 60, 2);
  return out;
}

std::string time_text(const Moment& moment) {
  std::string out;
  append_clock(out, moment);
  return out;
}

std::optional<int> compare_dates(const Moment& a, const Moment& b) {
  if (a.zoned && b.zoned) return by_component(in_utc(a), in_utc(b), Grain::year);
  if (!a.zoned && !b.zoned) return by_component(a, b, Grain::year);
  const Span left = span(a);
  const Span right = span(b);
  if (left.high < right.low) return -1;
  if (left.low > right.high) return 1;
  return std::nullopt;
}

std::optional<int> compare_times(const Moment& a, const Moment& b) { return by_component(a, b, Grain::hour); }

std::optional<Moment> add_to_date(const Moment& moment, std::int64_t amount, Duration unit) {
  if (amount > most || amount < -most) return std::nullopt;
  if (unit == Duration::year) return amount > 10'000 || amount < -10'000 ? std::nullopt : add_months(moment, amount * 12);
  if (unit == Duration::month) {
    // N1 6.7: a unit finer than the date is turned into the date's own precision, what is left over dropped.
    return add_months(moment, moment.grain == Grain::year ? amount / 12 * 12 : amount);
  }
  if (amount > most / unit_ms(unit) || amount < -most / unit_ms(unit)) return std::nullopt;
  const std::int64_t milliseconds = amount * unit_ms(unit);
  constexpr std::int64_t day_ms = day_seconds * 1000;
  if (moment.grain == Grain::year) return add_months(moment, milliseconds / day_ms / 365 * 12);
  if (moment.grain == Grain::month) return add_months(moment, milliseconds / day_ms / 30);
  std::int64_t grain_ms = 1;
  if (moment.grain == Grain::day) grain_ms = day_ms;
  if (moment.grain == Grain::hour) grain_ms = 3'600'000;
  if (moment.grain == Grain::minute) grain_ms = 60'000;
  Moment result = moment;
  const std::int64_t days = add_clock(result, milliseconds / grain_ms * grain_ms);
  if (!set_day(result, day_number(result) + days)) return std::nullopt;
  return result;
}

std::optional<Moment> add_to_time(const Moment& moment, std::int64_t amount, Duration unit) {
  if (unit < Duration::hour || amount > most / unit_ms(unit) || amount < -most / unit_ms(unit)) return std::nullopt;
  std::int64_t grain_ms = 1;
  if (moment.grain == Grain::hour) grain_ms = 3'600'000;
  if (moment.grain == Grain::minute) grain_ms = 60'000;
  Moment result = moment;
  add_clock(result, amount * unit_ms(unit) / grain_ms * grain_ms);
  return result;
}

Moment utc_now() {
  const std::int64_t ms = model::now_ms();
  Moment now;
  set_day(now, ms / (day_seconds * 1000));
  now.grain = Grain::second;
  add_clock(now, ms % (day_seconds * 1000));
  now.fraction_digits = 3;
  now.zoned = true;
  return now;
}

}  // namespace fhirpath
