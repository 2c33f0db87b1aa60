#include "fhir/rest/http_date.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "fhir/rest/header_text.h"

namespace rest {
namespace {

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> long_weekdays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                        "Thursday", "Friday", "Saturday"};

void put_two(char* out, unsigned value) {
  out[0] = static_cast<char>('0' + value / 10 % 10);
  out[1] = static_cast<char>('0' + value % 10);
}

bool is_one_of(const std::array<std::string_view, 7>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The parts of a date as they stand, whichever the form.
struct Parts {
  std::string_view day, month, year, time;
};

std::optional<Parts> take_apart(std::string_view text) {
  const auto comma = text.find(',');
  if (comma == std::string_view::npos) {  // asctime: "Sun Nov  6 08:49:37 1994"
    if (text.size() != 24 || !is_one_of(weekdays, text.substr(0, 3)) || text[3] != ' ' || text[7] != ' ' || text[10] != ' ' ||
        text[19] != ' ')
      return std::nullopt;
    auto day = text.substr(8, 2);
    if (day[0] == ' ') day.remove_prefix(1);
    return Parts{day, text.substr(4, 3), text.substr(20), text.substr(11, 8)};
  }
  const auto name = text.substr(0, comma);
  const auto rest = text.substr(comma + 1);
  if (is_one_of(weekdays, name)) {  // IMF-fixdate: " 06 Nov 1994 08:49:37 GMT"
    if (rest.size() != 25 || rest[0] != ' ' || rest[3] != ' ' || rest[7] != ' ' || rest[12] != ' ' || rest.substr(21) != " GMT")
      return std::nullopt;
    return Parts{rest.substr(1, 2), rest.substr(4, 3), rest.substr(8, 4), rest.substr(13, 8)};
  }
  if (is_one_of(long_weekdays, name)) {  // RFC 850: " 06-Nov-94 08:49:37 GMT"
    if (rest.size() != 23 || rest[0] != ' ' || rest[3] != '-' || rest[7] != '-' || rest[10] != ' ' || rest.substr(19) != " GMT")
      return std::nullopt;
    return Parts{rest.substr(1, 2), rest.substr(4, 3), rest.substr(8, 2), rest.substr(11, 8)};
  }
  return std::nullopt;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// A year of two digits that would lie more than 50 years ahead is one of the past.
int full_year(int two_digits) {
  using namespace std::chrono;
  const int now = int{year_month_day{floor<days>(system_clock::now())}.year()};
  const int year = now / 100 * 100 + two_digits;
  return year > now + 50 ? year - 100 : year;
}

}  // namespace

std::string http_date(std::int64_t milliseconds) {
  using namespace std::chrono;
  const sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds{milliseconds}};
  const auto date = floor<days>(time);
  const auto second = static_cast<unsigned>(floor<seconds>(time - date).count());
  const year_month_day civil{date};
  std::string text = "Sun, 00 Jan 0000 00:00:00 GMT";
  weekdays[weekday{date}.c_encoding()].copy(&text[0], 3);
  put_two(&text[5], unsigned{civil.day()});
  months[unsigned{civil.month()} - 1].copy(&text[8], 3);
  const auto year_number = static_cast<unsigned>(int{civil.year()});
  put_two(&text[12], year_number / 100);
  put_two(&text[14], year_number % 100);
  put_two(&text[17], second / 3600);
  put_two(&text[20], second / 60 % 60);
  put_two(&text[23], second % 60);
  return text;
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  using namespace std::chrono;
  const auto parts = take_apart(trimmed(text));
  if (!parts || parts->time[2] != ':' || parts->time[5] != ':') return std::nullopt;
  const auto month_at = std::find(months.begin(), months.end(), parts->month);
  const auto day_number = number(parts->day);
  auto year_number = number(parts->year);
  const auto hour = number(parts->time.substr(0, 2));
  const auto minute = number(parts->time.substr(3, 2));
  const auto second = number(parts->time.substr(6, 2));
  if (month_at == months.end() || !day_number || !year_number || !hour || !minute || !second) return std::nullopt;
  if (parts->year.size() == 2) year_number = full_year(*year_number);
  const year_month_day date{year{*year_number}, month{static_cast<unsigned>(month_at - months.begin() + 1)},
                            std::chrono::day{static_cast<unsigned>(*day_number)}};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return sys_days{date}.time_since_epoch().count() * std::int64_t{86400} + *hour * 3600 + *minute * 60 + *second;
}

}  // namespace rest
