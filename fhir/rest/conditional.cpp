#include "fhir/rest/conditional.h"

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

void put_two(char* out, unsigned value) {
  out[0] = static_cast<char>('0' + value / 10 % 10);
  out[1] = static_cast<char>('0' + value % 10);
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::int64_t floor_seconds(std::int64_t milliseconds) {
  return milliseconds >= 0 ? milliseconds / 1000 : -((-milliseconds + 999) / 1000);
}

}  // namespace

std::string etag(std::uint64_t version) {
  char text[32] = "W/\"";
  const auto end = std::to_chars(text + 3, text + 30, version).ptr;
  *end = '"';
  return {text, static_cast<std::size_t>(end + 1 - text)};
}

std::string http_date(std::int64_t milliseconds) {
  using namespace std::chrono;
  const auto seconds_since = floor_seconds(milliseconds);
  const auto day = seconds_since >= 0 ? seconds_since / 86400 : -((-seconds_since + 86399) / 86400);
  const auto second = static_cast<unsigned>(seconds_since - day * 86400);
  const sys_days date{days{day}};
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

std::optional<std::int64_t> parse_http_date(
    std::string_view text) {  // IMF-fixdate, the one form that clients may send (RFC 9110 5.6.7)
  using namespace std::chrono;
  text = trimmed(text);
  if (text.size() != 29 || text.substr(25) != " GMT" || text[3] != ',' || text[16] != ' ') return std::nullopt;
  const auto month_at = std::find(months.begin(), months.end(), text.substr(8, 3));
  const auto day_number = number(text.substr(5, 2));
  const auto year_number = number(text.substr(12, 4));
  const auto hour = number(text.substr(17, 2));
  const auto minute = number(text.substr(20, 2));
  const auto second = number(text.substr(23, 2));
  if (month_at == months.end() || !day_number || !year_number || !hour || !minute || !second) return std::nullopt;
  const year_month_day date{year{*year_number}, month{static_cast<unsigned>(month_at - months.begin() + 1)},
                            std::chrono::day{static_cast<unsigned>(*day_number)}};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return sys_days{date}.time_since_epoch().count() * std::int64_t{86400} + *hour * 3600 + *minute * 60 + *second;
}

bool Tags::name(std::uint64_t version) const {
  return any || std::find(versions.begin(), versions.end(), version) != versions.end();
}

model::Result<Tags> parse_tags(std::string_view value, std::string_view header) {
  Tags tags;
  value = trimmed(value);
  if (value.empty()) return tags;
  tags.present = true;
  tags.text = value.substr(0, 200);
  if (value == "*") {
    tags.any = true;
    return tags;
  }
  while (!value.empty()) {
    auto tag = next_part(value, ',');
    if (tag.empty()) continue;
    if (tag.starts_with("W/") || tag.starts_with("w/")) tag.remove_prefix(2);
    if (tag.size() < 2 || tag.front() != '"' || tag.back() != '"') {
      return model::failure(model::FailureKind::bad_request, model::IssueCode::value,
                            std::string(header) + " is '" + tags.text + "'; it must be an entity tag such as W/\"1\"");
    }
    tag = tag.substr(1, tag.size() - 2);
    std::uint64_t version = 0;
    const auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), version);
    if (error == std::errc() && end == tag.data() + tag.size() && tag[0] != '0') tags.versions.push_back(version);
  }
  return tags;
}

std::optional<model::Failure> check(const Preconditions& conditions, std::string_view what,
                                    const std::optional<store::Version>& current) {
  const bool exists = current && !current->deleted();
  const auto refuse = [&](std::string text) {
    return model::failure(model::FailureKind::precondition_failed, model::IssueCode::conflict, std::move(text));
  };
  if (conditions.match.present && !exists) {
    return refuse(std::string(what) + (current ? " is deleted" : " does not exist") + ", so If-Match " + conditions.match.text +
                  " is not met");
  }
  if (conditions.match.present && !conditions.match.name(current->version)) {
    return refuse(std::string(what) + " is at version " + etag(current->version) + ", so If-Match " + conditions.match.text +
                  " is not met");
  }
  if (conditions.none_match.present && exists && conditions.none_match.name(current->version)) {
    return refuse(std::string(what) + " is at version " + etag(current->version) + ", so If-None-Match " +
                  conditions.none_match.text + " is not met");
  }
  return std::nullopt;
}

bool not_modified(const Tags& none_match, std::string_view modified_since, const store::Version& version) {
  if (none_match.present) return none_match.name(version.version);
  if (modified_since.empty()) return false;
  const auto since = parse_http_date(modified_since);
  return since && floor_seconds(version.last_updated) <= *since;
}

}  // namespace rest
