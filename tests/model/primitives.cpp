// The hand-written checks against R4's own regular expressions (as its data types page gives them) and by case.
#include "resources-gen/model/primitives.h"

#include <catch2/catch.hpp>
#include <random>
#include <regex>

using model::Primitive;

namespace {

struct Row {
  Primitive primitive;
  std::vector<std::string> good, bad;
};

std::string times(int count, const std::string& text) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

const std::vector<Row> rows = {
    {Primitive::boolean, {"true", "false"}, {"True", "1", "tru", "null"}},
    {Primitive::integer,
     {"0", "-0", "1", "-1", "2147483647", "-2147483648"},
     {"2147483648", "-2147483649", "01", "-01", "1.0", "1e2", "+1", "--1", "-", "99999999999999999999"}},
    {Primitive::unsigned_int, {"0", "1", "2147483647"}, {"-1", "-0", "2147483648", "1.5", "00"}},
    {Primitive::positive_int, {"1", "2147483647"}, {"0", "-1", "2147483648", "01"}},
    {Primitive::decimal,
     {"0", "-0", "1.50", "-1.50", "1E+2", "1e-2", "123456789012345678901234567890.5", "0.00"},
     {"01", ".5", "1.", "+1", "1e", "1e999999999", "a", "1.5.5", "-"}},
    {Primitive::string, {"a", " ", "\t\n\r", "\xc3\xa4", times(2000, "x"), "\x7f"}, {"a\x01", "\x0b", std::string("\0", 1)}},
    {Primitive::markdown, {"# a\n\nb"}, {"\x1b"}},
    {Primitive::xhtml, {"<div xmlns=\"http://www.w3.org/1999/xhtml\"/>"}, {"\x02"}},
    {Primitive::code, {"a", "a b", "a b c", "-", "\xc3\xa4"}, {" a", "a ", "a  b", "a\tb", "a\nb", " ", "\x01"}},
    {Primitive::id, {"a", "A-1.b", times(64, "a")}, {times(65, "a"), "a_b", "a/b", "a b", "\xc3\xa4"}},
    {Primitive::uri, {"a", "urn:x", "http://a/b?c#d", "\xc3\xa4"}, {"a b", " a", "a\n", "\t"}},
    {Primitive::url, {"http://a"}, {"http://a b"}},
    {Primitive::canonical, {"http://a|1.0", "#a"}, {"http://a |1.0"}},
    {Primitive::oid,
     {"urn:oid:1.2.3", "urn:oid:0.0", "urn:oid:2.999.10"},
     {"1.2.3", "urn:oid:3.1", "urn:oid:1", "urn:oid:1.", "urn:oid:1.02", "urn:oid:1..2", "urn:oid:1.2.", "urn:oid:12.3",
      "URN:OID:1.2"}},
    {Primitive::uuid,
     {"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
     {"c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:C757873D-ec9a-4326-a141-556f43239520",
      "urn:uuid:c757873dec9a4326a141556f43239520", "urn:uuid:c757873d-ec9a-4326-a141-556f4323952",
      "urn:uuid:g757873d-ec9a-4326-a141-556f43239520"}},
    {Primitive::base64_binary,
     {"YQ==", "YWI=", "YWJj", "YWJj\nYWJj", " YWJj ", "YWJjYQ=="},
     {"YQ", "YQ=", "Y===", "====", "YQ==YQ==", "YW Jj", "YWJ-", " ", "\n", "=YWJ", "Y=Jj"}},
    {Primitive::date, {"2020", "2020-02-29"}, {"2021-02-29", "2020-1-1"}},
    {Primitive::date_time, {"2020", "2020-01-01T00:00:00Z"}, {"2020-01-01T00:00:00", "2020-01-01T00:00Z"}},
    {Primitive::instant, {"2020-01-01T00:00:00Z"}, {"2020-01-01", "2020"}},
    {Primitive::time, {"00:00:00", "23:59:59.5"}, {"24:00:00", "00:00"}},
};

// R4 datatypes.html. The differences that are meant are left out of the random texts: the ranges, days of the month, padding of
// base64, control characters, and white space in codes other than the space.
const std::pair<Primitive, const char*> expressions[] = {
    {Primitive::integer, "-?([0]|([1-9][0-9]*))"},
    {Primitive::unsigned_int, "[0]|([1-9][0-9]*)"},
    {Primitive::positive_int, "[1-9][0-9]*"},
    {Primitive::decimal, "-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?"},
    {Primitive::code, "[^\\s]+(\\s[^\\s]+)*"},
    {Primitive::id, "[A-Za-z0-9\\-\\.]{1,64}"},
    {Primitive::uri, "\\S*"},
    {Primitive::oid, "urn:oid:[0-2](\\.(0|[1-9][0-9]*))+"},
    {Primitive::uuid, "urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"},
    {Primitive::base64_binary, "(\\s*([0-9a-zA-Z\\+\\/=]){4}\\s*)+"},
    {Primitive::date, "([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1]))?)?"},
    {Primitive::date_time,
     "([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1])(T([01][0-9]|2[0-3]):[0-5]["
     "0-9]:([0-5]["
     "0-9]|60)(\\.[0-9]+)?(Z|(\\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00)))?)?)?"},
    {Primitive::instant,
     "([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)-(0[1-9]|1[0-2])-(0[1-9]|[1-2][0-9]|3[0-1])T([01][0-9]|2[0-3]):[0-5][0-9]"
     ":([0-5][0-9]"
     "|60)(\\.[0-9]+)?(Z|(\\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"},
    {Primitive::time, "([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?"},
};

}  // namespace

TEST_CASE("each primitive's own rule, case by case") {
  for (const Row& row : rows) {
    for (const std::string& text : row.good) {
      CAPTURE(text, model::rule(row.primitive));
      CHECK(model::is_valid(row.primitive, text));
    }
    for (const std::string& text : row.bad) {
      CAPTURE(text, model::rule(row.primitive));
      CHECK(!model::is_valid(row.primitive, text));
    }
    CHECK(!model::is_valid(row.primitive, ""));
  }
  CHECK(rows.size() == 20);
  CHECK(!model::is_valid(Primitive::none, "a"));
}

TEST_CASE("the checks agree with R4's regular expressions on changed texts") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (const auto& [primitive, expression] : expressions) {
    const std::regex regex(expression);
    std::vector<std::string> samples;
    for (const Row& row : rows) {
      if (row.primitive == primitive) samples.insert(samples.end(), row.good.begin(), row.good.end());
    }
    std::size_t matched = 0;
    for (int i = 0; i < 2000; ++i) {
      std::string text = samples[random() % samples.size()];
      constexpr std::string_view alphabet = "0123456789aZ-.:+Te /_";
      for (unsigned change = 0; change < random() % 3; ++change) {
        const std::size_t place = random() % (text.size() + 1);
        const char c = alphabet[random() % alphabet.size()];
        switch (random() % 3) {
          case 0:
            text.insert(place, 1, c);
            break;
          case 1:
            text.erase(std::min(place, text.size() - 1), 1);
            break;
          default:
            text[std::min(place, text.size() - 1)] = c;
            break;
        }
        if (text.empty()) text = "0";
      }
      const bool valid = model::is_valid(primitive, text), match = std::regex_match(text, regex);
      matched += match;
      if (valid == match) continue;
      const bool range =
          (primitive == Primitive::integer || primitive == Primitive::unsigned_int || primitive == Primitive::positive_int) &&
          text.size() >= 10;
      const bool power = primitive == Primitive::decimal && text.find_first_of("eE") != std::string::npos && text.size() > 6;
      const bool padding = primitive == Primitive::base64_binary && text.find('=') != std::string::npos;
      const bool day = (primitive == Primitive::date || primitive == Primitive::date_time || primitive == Primitive::instant) &&
                       (text.substr(8, 2) == "29" || text.substr(8, 2) == "30" || text.substr(8, 2) == "31");
      if (valid || !(range || power || padding || day)) {
        FAIL_CHECK(model::rule(primitive) << ": '" << text << "' " << (valid ? "accepted" : "refused"));
      }
    }
    CHECK(matched > 100);
  }
}
