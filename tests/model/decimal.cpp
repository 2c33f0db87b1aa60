#include "resources-gen/model/decimal.h"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <catch2/catch.hpp>
#include <random>

using model::Decimal;

namespace {

Decimal decimal(const std::string& text) {
  const auto value = Decimal::parse(text);
  REQUIRE(value);
  return *value;
}

std::string ordered(const Decimal& value) {
  std::string out;
  value.append_ordered(out);
  return out;
}

// The oracle: value x 10^60 as an integer.
boost::multiprecision::cpp_int scaled(const Decimal& value) {
  boost::multiprecision::cpp_int number(value.digits().empty() ? "0" : std::string(value.digits()));
  for (int i = 0; i < 60 + value.exponent(); ++i) number *= 10;
  return value.negative() ? -number : number;
}

std::string random_text(std::mt19937& random) {
  const auto digits = [&](std::size_t most) {
    std::string out(1 + random() % most, '0');
    for (char& c : out) c = static_cast<char>('0' + (random() % 3 ? random() % 10 : 0));
    return out;
  };
  std::string text = random() % 3 ? "" : "-";
  std::string whole = digits(8);
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
  text += whole;
  if (random() % 2) text += "." + digits(8);
  if (random() % 3 == 0) text += "e" + std::to_string(static_cast<int>(random() % 30) - 15);
  return text;
}

}  // namespace

TEST_CASE("decimals take JSON's numbers and nothing else") {
  struct Row {
    const char* text;
    bool negative;
    const char* digits;
    std::int32_t exponent;
    const char* back;
  };
  const Row rows[] = {
      {"0", false, "", 0, "0"},
      {"-0", true, "", 0, "-0"},
      {"0.00", false, "", -2, "0.00"},
      {"1.50", false, "150", -2, "1.50"},
      {"-1.50", true, "150", -2, "-1.50"},
      {"1E+2", false, "1", 2, "1E+2"},
      {"1e2", false, "1", 2, "1E+2"},
      {"1.5E3", false, "15", 2, "15E+2"},
      {"0.0010", false, "10", -4, "0.0010"},
      {"100", false, "100", 0, "100"},
      {"1e-2", false, "1", -2, "0.01"},
      {"12345678901234567890.5", false, "123456789012345678905", -1, "12345678901234567890.5"},
      {"1e-400", false, "1", -400, "1E-400"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Decimal value = decimal(row.text);
    CHECK(value.negative() == row.negative);
    CHECK(value.digits() == row.digits);
    CHECK(value.exponent() == row.exponent);
    CHECK(value.text() == row.back);
    CHECK(decimal(value.text()) == value);
  }
  for (const char* text : {"",
                           "-",
                           "+1",
                           "01",
                           "-01",
                           ".5",
                           "1.",
                           "1.e2",
                           "1e",
                           "1e+",
                           "e1",
                           " 1",
                           "1 ",
                           "0x1",
                           "1,5",
                           "NaN",
                           "1e100001",
                           "1e-100001",
                           "1e99999999999999999999",
                           "--1",
                           "1.5.2",
                           "1e1e1"}) {
    CAPTURE(text);
    CHECK(!Decimal::parse(text));
  }
  CHECK(Decimal::parse("1e99999"));
  CHECK(!Decimal::parse("10e99999" + std::string(1, '9')));
  CHECK(Decimal::parse(std::string(100'000, '9')));
  CHECK(!Decimal::parse(std::string(100'001, '9')));
}

TEST_CASE("decimals from integers") {
  CHECK(Decimal::from_integer(0).text() == "0");
  CHECK(Decimal::from_integer(-120).text() == "-120");
  CHECK(Decimal::from_integer(INT64_MIN).text() == "-9223372036854775808");
  CHECK(Decimal::from_integer(INT64_MAX).text() == "9223372036854775807");
}

TEST_CASE("the implicit range is half of the last place written") {
  const std::vector<std::array<const char*, 3>> rows = {
      {"100", "99.5", "100.5"}, {"100.00", "99.995", "100.005"}, {"1E+2", "50", "150"},    {"1.50", "1.495", "1.505"},
      {"0", "-0.5", "0.5"},     {"0.0", "-0.05", "0.05"},        {"-1", "-1.5", "-0.5"},   {"-1.50", "-1.505", "-1.495"},
      {"9.9", "9.85", "9.95"},  {"999", "998.5", "999.5"},       {"5e-1", "0.45", "0.55"}, {"-0", "-0.5", "0.5"},
  };
  for (const auto& [text, low, high] : rows) {
    CAPTURE(text);
    CHECK(decimal(text).implicit_low() == decimal(low));
    CHECK(decimal(text).implicit_high() == decimal(high));
  }
}

TEST_CASE("approximately is ten per cent either way") {
  const std::vector<std::array<const char*, 3>> rows = {
      {"100", "90", "110"}, {"-100", "-110", "-90"}, {"0", "0", "0"}, {"9.99", "8.991", "10.989"}, {"1e3", "900", "1100"}};
  for (const auto& [text, low, high] : rows) {
    CAPTURE(text);
    CHECK(decimal(text).approximate_low() == decimal(low));
    CHECK(decimal(text).approximate_high() == decimal(high));
  }
}

TEST_CASE("order, and the order of the encoding, are those of the values") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::vector<Decimal> values;
  for (const char* text : {"0", "-0.00", "1", "1.0", "10", "1e1", "-1", "99", "100", "1e99999", "-1e99999", "1e-99999",
                           "-1e-99999", "1e51", "1e50", "1e49", "1e-51", "1e-50", "1e-49"}) {
    values.push_back(decimal(text));
  }
  for (int i = 0; i < 400; ++i) values.push_back(decimal(random_text(random)));
  for (const Decimal& a : values) {
    std::string bytes = ordered(a) + "rest";
    std::string_view rest = bytes;
    CHECK(Decimal::read_ordered(rest) == a);
    CHECK(rest == "rest");
    for (const Decimal& b : values) {
      const auto expected = a.exponent() > 40 || b.exponent() > 40 || a.exponent() < -60 || b.exponent() < -60
                                ? a <=> b
                                : scaled(a).compare(scaled(b)) <=> 0;
      if ((a <=> b) != expected || (ordered(a).compare(ordered(b)) <=> 0) != expected) {
        FAIL_CHECK(a.text() << " and " << b.text());
      }
    }
  }
  CHECK(decimal("1e99999") > decimal("1e50"));
  CHECK(decimal("-1e99999") < decimal("-1e50"));
  CHECK(decimal("1e-99999") < decimal("1e-50"));
  CHECK(decimal("1e-99999") > decimal("0"));
}

TEST_CASE("ranges of random decimals are exact") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 2000; ++i) {
    const Decimal value = decimal(random_text(random));
    CAPTURE(value.text());
    const Decimal low = value.implicit_low(), high = value.implicit_high();
    CHECK(scaled(low) + scaled(high) == 2 * scaled(value));
    CHECK(scaled(high) - scaled(low) == scaled(decimal("1e" + std::to_string(value.exponent()))));
    CHECK(10 * scaled(value.approximate_low()) == (value.negative() ? 11 : 9) * scaled(value));
    CHECK(10 * scaled(value.approximate_high()) == (value.negative() ? 9 : 11) * scaled(value));
    CHECK(decimal(value.text()).digits() == value.digits());
    CHECK(decimal(value.text()).exponent() == value.exponent());
  }
}

TEST_CASE("what is no encoding is refused") {
  for (const std::string& bytes : {std::string(), std::string("\x00", 1), std::string("\xff"), std::string("\x82"),
                                   std::string("\x81\x01"), std::string("\xb4\xff"), std::string("\xb4\x01")}) {
    std::string_view view = bytes;
    CHECK_THROWS(Decimal::read_ordered(view));
  }
}
