#include "resources-gen/model/temporal.h"

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <limits>

using model::Precision;
using model::Primitive;
using model::Temporal;

namespace {

// The oracle: <chrono>'s calendar, in units of 100 ns.
std::int64_t at(int year, unsigned month, unsigned day, int hour = 0, int minute = 0, int second = 0, std::int64_t units = 0) {
  using namespace std::chrono;
  const sys_days date = year_month_day{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  return (date.time_since_epoch().count() * std::int64_t{86'400} + hour * 3600 + minute * 60 + second) * 10'000'000 + units;
}

}  // namespace

TEST_CASE("each temporal type takes its own form") {
  struct Row {
    const char* text;
    bool date, date_time, instant, time, search;
  };
  const Row rows[] = {
      {"2020", true, true, false, false, true},
      {"2020-02", true, true, false, false, true},
      {"2020-02-29", true, true, false, false, true},
      {"2021-02-29", false, false, false, false, false},
      {"1900-02-29", false, false, false, false, false},
      {"2000-02-29", true, true, false, false, true},
      {"2020-04-31", false, false, false, false, false},
      {"2020-00", false, false, false, false, false},
      {"2020-13", false, false, false, false, false},
      {"2020-01-00", false, false, false, false, false},
      {"0000", false, false, false, false, false},
      {"0001", true, true, false, false, true},
      {"9999-12-31", true, true, false, false, true},
      {"99", false, false, false, false, false},
      {"20200", false, false, false, false, false},
      {"2020-1", false, false, false, false, false},
      {"2020-", false, false, false, false, false},
      {"2020-01-", false, false, false, false, false},
      {" 2020", false, false, false, false, false},
      {"2020 ", false, false, false, false, false},
      {"", false, false, false, false, false},
      {"2020-01-01T", false, false, false, false, false},
      {"2020-01-01T10", false, false, false, false, false},
      {"2020-01-01T10:30", false, false, false, false, true},
      {"2020-01-01T10:30Z", false, false, false, false, true},
      {"2020-01-01T10:30:00", false, false, false, false, true},
      {"2020-01-01T10:30:00Z", false, true, true, false, true},
      {"2020-01-01T10:30:00.1Z", false, true, true, false, true},
      {"2020-01-01T10:30:00.Z", false, false, false, false, false},
      {"2020-01-01T10:30:00+14:00", false, true, true, false, true},
      {"2020-01-01T10:30:00+14:01", false, false, false, false, false},
      {"2020-01-01T10:30:00-05:30", false, true, true, false, true},
      {"2020-01-01T10:30:00+0530", false, false, false, false, false},
      {"2020-01-01T10:30:00+05", false, false, false, false, false},
      {"2020-01-01T10:30:00z", false, false, false, false, false},
      {"2020-01-01t10:30:00Z", false, false, false, false, false},
      {"2020-01-01 10:30:00Z", false, false, false, false, false},
      {"2020-01-01T24:00:00Z", false, false, false, false, false},
      {"2020-01-01T23:60:00Z", false, false, false, false, false},
      {"2020-01-01T23:59:60Z", false, true, true, false, true},
      {"2020-01-01T23:59:61Z", false, false, false, false, false},
      {"2020-01T10:30:00Z", false, false, false, false, false},
      {"2020-01-01Z", false, false, false, false, false},
      {"10:30:00", false, false, false, true, false},
      {"10:30:00.123456789012", false, false, false, true, false},
      {"10:30", false, false, false, false, false},
      {"10:30:00Z", false, false, false, false, false},
      {"24:00:00", false, false, false, false, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(Temporal::parse(row.text, Primitive::date).has_value() == row.date);
    CHECK(Temporal::parse(row.text, Primitive::date_time).has_value() == row.date_time);
    CHECK(Temporal::parse(row.text, Primitive::instant).has_value() == row.instant);
    CHECK(Temporal::parse(row.text, Primitive::time).has_value() == row.time);
    CHECK(Temporal::parse_search(row.text).has_value() == row.search);
    CHECK(!Temporal::parse(row.text, Primitive::string));
  }
}

TEST_CASE("a date covers the time that its precision leaves open") {
  struct Row {
    const char* text;
    std::int64_t low, high;
  };
  const Row rows[] = {
      {"1970", 0, at(1971, 1, 1)},
      {"1969-12", at(1969, 12, 1), 0},
      {"2020-02", at(2020, 2, 1), at(2020, 3, 1)},
      {"2020-12", at(2020, 12, 1), at(2021, 1, 1)},
      {"2020-02-29", at(2020, 2, 29), at(2020, 3, 1)},
      {"0001", at(1, 1, 1), at(2, 1, 1)},
      {"9999", at(9999, 1, 1), at(10'000, 1, 1)},
      {"2020-01-01T10:30", at(2020, 1, 1, 10, 30), at(2020, 1, 1, 10, 31)},
      {"2020-01-01T10:30:15", at(2020, 1, 1, 10, 30, 15), at(2020, 1, 1, 10, 30, 16)},
      {"2020-01-01T10:30:15Z", at(2020, 1, 1, 10, 30, 15), at(2020, 1, 1, 10, 30, 16)},
      {"2020-01-01T00:30:15+01:00", at(2019, 12, 31, 23, 30, 15), at(2019, 12, 31, 23, 30, 16)},
      {"2020-01-01T23:30:15-05:30", at(2020, 1, 2, 5, 0, 15), at(2020, 1, 2, 5, 0, 16)},
      {"2020-01-01T10:30:15.5Z", at(2020, 1, 1, 10, 30, 15, 5'000'000), at(2020, 1, 1, 10, 30, 15, 6'000'000)},
      {"2020-01-01T10:30:15.123Z", at(2020, 1, 1, 10, 30, 15, 1'230'000), at(2020, 1, 1, 10, 30, 15, 1'240'000)},
      {"2020-01-01T10:30:15.1234567Z", at(2020, 1, 1, 10, 30, 15, 1'234'567), at(2020, 1, 1, 10, 30, 15, 1'234'568)},
      {"2020-01-01T10:30:15.123456789Z", at(2020, 1, 1, 10, 30, 15, 1'234'567), at(2020, 1, 1, 10, 30, 15, 1'234'568)},
      {"2016-12-31T23:59:60Z", at(2017, 1, 1) - 1, at(2017, 1, 1)},
      {"2016-12-31T23:59:60.75Z", at(2017, 1, 1) - 1, at(2017, 1, 1)},
      {"2017-01-01T00:59:60+01:00", at(2017, 1, 1) - 1, at(2017, 1, 1)},
      {"1969-12-31T23:59:59.9Z", -1'000'000, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto value = Temporal::parse_search(row.text);
    REQUIRE(value);
    CHECK(value->low() == row.low);
    CHECK(value->high() == row.high);
  }
  const auto time = Temporal::parse("10:30:15.25", Primitive::time);
  REQUIRE(time);
  CHECK(time->low() == at(1970, 1, 1, 10, 30, 15, 2'500'000));
  CHECK(time->high() == at(1970, 1, 1, 10, 30, 15, 2'600'000));
}

TEST_CASE("what was written is kept") {
  const auto value = Temporal::parse("2020-03-04T05:06:07.0890-10:30", Primitive::date_time);
  REQUIRE(value);
  CHECK(value->year == 2020);
  CHECK(value->month == 3);
  CHECK(value->day == 4);
  CHECK(value->hour == 5);
  CHECK(value->minute == 6);
  CHECK(value->second == 7);
  CHECK(value->nanosecond == 89'000'000);
  CHECK(value->fraction_digits == 4);
  CHECK(value->precision == Precision::fraction);
  CHECK(value->has_zone);
  CHECK(value->zone_minutes == -630);
  CHECK(Temporal::parse("2020-03", Primitive::date)->precision == Precision::month);
  CHECK(!Temporal::parse_search("2020-03-04T05:06")->has_zone);
}

TEST_CASE("instants in text") {
  CHECK(model::instant_text(0) == "1970-01-01T00:00:00.000Z");
  CHECK(model::instant_text(-1) == "1969-12-31T23:59:59.999Z");
  CHECK(model::instant_text(1'795'477'407'123) == "2026-11-23T23:43:27.123Z");
  CHECK(model::instant_text(951'782'400'000) == "2000-02-29T00:00:00.000Z");
  CHECK(model::instant_text(std::numeric_limits<std::int64_t>::max()).size() == 24);
  CHECK(model::instant_text(std::numeric_limits<std::int64_t>::min()).size() == 24);
  for (std::int64_t ms = -62'135'596'800'000; ms < 253'402'300'799'000; ms += 86'400'000LL * 97 + 12'345'678) {
    const auto value = Temporal::parse(model::instant_text(ms), Primitive::instant);
    if (!value || value->low() != ms * 10'000) FAIL("at " << ms);
  }
}
