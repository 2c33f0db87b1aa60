// Random values against the rules of R4 search.html#prefix done directly on ranges.
#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "resources-gen/model/decimal.h"
#include "resources-gen/model/temporal.h"
#include "tests/search/types_support.h"

namespace {

constexpr const char* prefixes[] = {"", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"};

class Random {
 public:
  Random() : seed_(std::random_device{}()), engine_(seed_) {}
  unsigned seed() const { return seed_; }
  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(engine_); }
  template <typename T, std::size_t n>
  const T& of(const T (&items)[n]) {
    return items[static_cast<std::size_t>(below(static_cast<int>(n)))];
  }

 private:
  unsigned seed_;
  std::mt19937 engine_;
};

std::string padded(int value) { return (value < 10 ? "0" : "") + std::to_string(value); }

// A dateTime of any precision, from a few years so that boundaries meet.
std::string random_date(Random& random) {
  std::string text = std::to_string(2018 + random.below(4));
  const int precision = random.below(6);
  if (precision == 0) return text;
  text += "-" + padded(1 + random.below(2) * 11);
  if (precision == 1) return text;
  constexpr int days[] = {1, 2, 30, 31};
  text += "-" + padded(random.of(days) % 29 + (text.ends_with("02") ? 0 : random.below(2)) + 1);
  if (precision == 2) return text;
  constexpr const char* times[] = {"T00:00:00", "T23:59:59", "T12:30:00", "T12:30:59"};
  text += random.of(times);
  if (precision == 4) text += random.below(2) ? ".5" : ".999";
  constexpr const char* zones[] = {"Z", "+02:00", "-11:30"};
  return text + random.of(zones);
}

struct Span {
  std::int64_t low, high;
  bool open_low = false, open_high = false;
};

Span span_of(const std::string& text) {
  const auto value = model::Temporal::parse(text, model::Primitive::date_time);
  REQUIRE(value);
  return {value->low(), value->high()};
}

bool date_rule(std::string_view prefix, Span s, Span t) {
  const bool contained = !t.open_low && !t.open_high && s.low <= t.low && t.high <= s.high;
  const bool above = t.open_high || t.high > s.high;  // the range above the search value intersects the target
  const bool below = t.open_low || t.low < s.low;
  if (prefix.empty() || prefix == "eq") return contained;
  if (prefix == "ne") return !contained;
  if (prefix == "gt") return above;
  if (prefix == "lt") return below;
  if (prefix == "ge") return t.open_high || t.high > s.low;
  if (prefix == "le") return t.open_low || t.low < s.high;
  if (prefix == "sa") return !t.open_low && t.low >= s.high;
  if (prefix == "eb") return !t.open_high && t.high <= s.low;
  const std::int64_t now = types_test::now_ms * 10'000;
  const std::int64_t tenth = (now < s.low ? s.low - now : now > s.high ? now - s.high : 0) / 10;
  return (t.open_low || t.low < s.high + tenth) && (t.open_high || t.high > s.low - tenth);
}

model::Decimal decimal(const std::string& text) { return model::Decimal::parse(text).value(); }

std::string random_number(Random& random) {
  constexpr const char* numbers[] = {"0",    "1",     "1.0",    "1.5",       "1.50", "2",    "0.5", "0.95", "1.05",
                                     "-1",   "-0.5",  "-1.5",   "10",        "9.5",  "10.5", "100", "99.5", "1e2",
                                     "1E+1", "15e-1", "1.4999", "1.5000001", "-1e2", "95",   "105", "110",  "90"};
  return random.of(numbers);
}

struct Range {
  std::optional<model::Decimal> low, high;  // none: open
};

bool number_rule(std::string_view prefix, const model::Decimal& v, const Range& t) {
  const bool in_implicit = t.low && t.high && v.implicit_low() <= *t.low && *t.high < v.implicit_high();
  const bool closed = t.low && t.high;
  const bool above = !t.high || *t.high > v;
  const bool below = !t.low || *t.low < v;
  if (prefix.empty() || prefix == "eq") return in_implicit;
  if (prefix == "ne") return !in_implicit;
  if (prefix == "gt") return above;
  if (prefix == "lt") return below;
  if (prefix == "ge") return above || (t.low && *t.low >= v) || (closed && *t.high == v);
  if (prefix == "le") return below || (t.high && *t.high <= v) || (closed && *t.low == v);
  if (prefix == "sa") return t.low && *t.low > v;
  if (prefix == "eb") return t.high && *t.high < v;
  const model::Decimal low = std::min(v.implicit_low(), v.approximate_low()),
                       high = std::max(v.implicit_high(), v.approximate_high());
  return (!t.low || *t.low <= high) && (!t.high || *t.high >= low);
}

}  // namespace

TEST_CASE("scans of dates agree with the rules on ranges", "[types]") {
  Random random;
  INFO("seed " << random.seed());
  int matched = 0;
  for (int i = 0; i < 1500; ++i) {
    std::string resource = R"({"resourceType":"Procedure","status":"completed","subject":{"reference":"Patient/1"},)";
    Span target{};
    if (random.below(2)) {
      const std::string date = random_date(random);
      target = span_of(date);
      resource += R"("performedDateTime":")" + date + "\"}";
    } else {
      const std::string start = random_date(random), end = random_date(random);
      target = {span_of(start).low, span_of(end).high};
      const int open = random.below(6);
      target.open_low = open == 0;
      target.open_high = open == 1;
      if (open > 1 && target.low >= target.high) continue;
      resource += R"("performedPeriod":{)";
      if (!target.open_low) resource += R"("start":")" + start + "\"" + (target.open_high ? "" : ",");
      if (!target.open_high) resource += R"("end":")" + end + "\"";
      resource += "}}";
    }
    const auto terms = types_test::terms_of(resource);
    for (int j = 0; j < 12; ++j) {
      const std::string date = random_date(random);
      const char* prefix = random.of(prefixes);
      const bool expected = date_rule(prefix, span_of(date), target);
      INFO(resource << " date=" << prefix << date);
      REQUIRE(types_test::matches(*terms, std::string("date=") + prefix + date) == expected);
      matched += expected;
    }
  }
  CHECK(matched > 1000);
}

TEST_CASE("scans of numbers and quantities agree with the rules on ranges", "[types]") {
  Random random;
  INFO("seed " << random.seed());
  for (int i = 0; i < 1000; ++i) {
    Range target;
    std::string number, quantity;
    if (random.below(3)) {
      const std::string text = random_number(random);
      target.low = target.high = decimal(text);
      number = R"("probabilityDecimal":)" + text;
      quantity = R"("onsetAge":{"value":)" + text + R"(,"code":"a","system":"u"})";
    } else {
      const std::string low = random_number(random), high = random_number(random);
      if (decimal(low) > decimal(high)) continue;
      const int open = random.below(5);
      std::string range = "{";
      if (open != 0) {
        target.low = decimal(low);
        range += R"("low":{"value":)" + low + R"(,"code":"a","system":"u"})" + (open != 1 ? "," : "");
      }
      if (open != 1) {
        target.high = decimal(high);
        range += R"("high":{"value":)" + high + R"(,"code":"a","system":"u"})";
      }
      range += "}";
      number = R"("probabilityRange":)" + range;
      quantity = R"("onsetRange":)" + range;
    }
    const std::string subject = R"("subject":{"reference":"Patient/1"},)";
    const std::string risk =
        R"({"resourceType":"RiskAssessment","status":"final",)" + subject + R"("prediction":[{)" + number + "}]}";
    const std::string condition = R"({"resourceType":"Condition",)" + subject + quantity + "}";
    const auto numbers = types_test::terms_of(risk), quantities = types_test::terms_of(condition);
    for (int j = 0; j < 12; ++j) {
      const std::string value = random_number(random);
      const char* prefix = random.of(prefixes);
      const bool expected = number_rule(prefix, decimal(value), target);
      INFO(risk << " " << prefix << value);
      REQUIRE(types_test::matches(*numbers, std::string("probability=") + prefix + value) == expected);
      REQUIRE(types_test::matches(*quantities, std::string("onset-age=") + prefix + value) == expected);
      REQUIRE(types_test::matches(*quantities, std::string("onset-age=") + prefix + value + "||a") == expected);
      REQUIRE(types_test::matches(*quantities, std::string("onset-age=") + prefix + value + "|u|a") == expected);
      REQUIRE_FALSE(types_test::matches(*quantities, std::string("onset-age=") + prefix + value + "|u|b"));
    }
  }
}

TEST_CASE("a long string is found by its beginning, whole, and by what it contains", "[types]") {
  Random random;
  INFO("seed " << random.seed());
  for (int i = 0; i < 60; ++i) {
    std::string text;
    const int length = 1 + random.below(i % 3 == 0 ? 60 : 2500);
    for (int k = 0; k < length; ++k) text += static_cast<char>('a' + random.below(3));
    const auto terms = types_test::terms_of(R"({"resourceType":"Organization","name":")" + text + "\"}");
    for (int j = 0; j < 20; ++j) {
      const std::size_t from = static_cast<std::size_t>(random.below(length)),
                        size = static_cast<std::size_t>(1 + random.below(length));
      const std::string part = text.substr(from, size);
      INFO("length " << length << " from " << from << " size " << size);
      REQUIRE(types_test::matches(*terms, "name:contains=" + part));
      REQUIRE(types_test::matches(*terms, "name=" + part) == text.starts_with(part));
      REQUIRE(types_test::matches(*terms, "name:exact=" + part) == (text == part));
      // One letter more, or another one: the end of the value and every word of up to 200 bytes are compared in full.
      REQUIRE_FALSE(types_test::matches(*terms, "name:contains=" + text + "a"));
      REQUIRE_FALSE(types_test::matches(*terms, "name=" + text + "a"));
      REQUIRE_FALSE(types_test::matches(*terms, "name:exact=" + text + "a"));
      std::string other = part.substr(0, 200);
      other[static_cast<std::size_t>(random.below(static_cast<int>(other.size())))] = 'z';
      REQUIRE_FALSE(types_test::matches(*terms, "name:contains=" + other));
      std::string beginning = text.substr(0, size);
      beginning.back() = 'z';
      REQUIRE_FALSE(types_test::matches(*terms, "name=" + beginning));
    }
    std::string changed = text;
    changed[static_cast<std::size_t>(random.below(length))] = 'z';
    REQUIRE_FALSE(types_test::matches(*terms, "name:exact=" + changed));
    for (const search::Term& term : terms->terms) REQUIRE(term.bytes.size() <= search::max_term_bytes);
  }
}

TEST_CASE("long tokens, identifiers and URLs are matched whole", "[types]") {
  const std::string value(700, 'v'), system = "http://example.org/" + std::string(600, 's');
  const auto terms =
      types_test::terms_of(R"({"resourceType":"Patient","identifier":[{"system":")" + system + R"(","value":")" + value +
                           R"("}],"generalPractitioner":[{"reference":"http://else.org/)" + value + R"("}]})");
  CHECK(types_test::matches(*terms, "identifier=" + value));
  CHECK(types_test::matches(*terms, "identifier=" + system + "|" + value));
  CHECK(types_test::matches(*terms, "identifier=" + system + "|"));
  CHECK_FALSE(types_test::matches(*terms, "identifier=" + value + "v"));
  CHECK_FALSE(types_test::matches(*terms, "identifier=" + value.substr(1)));
  CHECK_FALSE(types_test::matches(*terms, "identifier=" + system + "s|" + value));
  CHECK_FALSE(types_test::matches(*terms, "identifier=|" + value));
  CHECK(types_test::matches(*terms, "general-practitioner=http://else.org/" + value));
  CHECK_FALSE(types_test::matches(*terms, "general-practitioner=http://else.org/" + value + "v"));
  for (const search::Term& term : terms->terms) CHECK(term.bytes.size() <= search::max_term_bytes);
}

TEST_CASE("terms are sorted, each once, and bounded whatever a resource holds", "[types]") {
  std::string codings = "[", values = "[";
  for (int i = 0; i < 300; ++i) {
    codings += std::string(i ? "," : "") + R"({"system":"http://example.org/s","code":"c)" + std::to_string(i % 250) + "\"}";
  }
  codings += "]";
  const std::string digits(5000, '7');
  const auto terms = types_test::terms_of(
      R"({"resourceType":"Observation","status":"final","code":{"coding":)" + codings + R"(},"valueCodeableConcept":{"coding":)" +
      codings + R"(},"component":[{"code":{"coding":)" + codings + R"(},"valueQuantity":{"value":)" + digits + R"(}}]})");
  CHECK(terms->terms.size() < 60'000);
  for (std::size_t i = 0; i < terms->terms.size(); ++i) {
    REQUIRE(terms->terms[i].bytes.size() <= search::max_term_bytes);
    if (i == 0) continue;
    const auto key = [](const search::Term& t) { return std::tie(t.parameter, t.bytes); };
    REQUIRE(key(terms->terms[i - 1]) < key(terms->terms[i]));
  }
  CHECK(types_test::matches(*terms, "component-value-quantity=gt7e4999"));
  CHECK_FALSE(types_test::matches(*terms, "component-value-quantity=gt8e4999"));
  CHECK(types_test::matches(*terms, "component-code-value-quantity=http://example.org/s|c7$gt1e4999"));
}

// Each reference looked for among all takes minutes.
TEST_CASE("many references to many contained resources are indexed in linear time", "[types]") {
  std::string contained, participants;
  for (int i = 0; i < 100'000; ++i) {
    const auto id = std::to_string(i);
    contained.append(i ? "," : "").append(R"({"resourceType":"Patient","id":"c)").append(id).append(R"("})");
    participants.append(i ? "," : "").append(R"({"status":"accepted","actor":{"reference":"#c)").append(id).append(R"("}})");
  }
  const auto terms = types_test::terms_of(R"({"resourceType":"Appointment","status":"booked","contained":[)" + contained +
                                          R"(],"participant":[)" + participants + "]}");
  CHECK(types_test::matches(*terms, "status=booked"));
}

TEST_CASE("sort keys order values as R4 sorts them", "[types]") {
  using model::ParameterType;
  const auto key = [](const std::string& resource, std::string_view code, ParameterType type) {
    const auto terms = types_test::terms_of(resource);
    const model::ParameterId id = types_test::extractor().parameter(terms->type, code);
    std::string least;
    for (const search::Term& term : terms->terms) {
      if (term.parameter != id) continue;
      const std::string_view found = search::sort_key(type, term.bytes, false);
      if (!found.empty() && (least.empty() || found < least)) least = found;
    }
    return least;
  };
  const auto born = [&](const char* date) {
    return key(std::string(R"({"resourceType":"Patient","birthDate":")") + date + "\"}", "birthdate", ParameterType::date);
  };
  CHECK(born("1960-02-03") < born("1960-02-04"));
  CHECK(born("1960-01") < born("1960-01-31"));
  CHECK(born("1959") < born("1960"));
  const auto family = [&](const char* name) {
    return key(std::string(R"({"resourceType":"Patient","name":[{"family":")") + name + "\"}]}", "family", ParameterType::string);
  };
  CHECK(family("Álvarez") < family("Alvin"));
  CHECK(family("alvin") == family("ALVIN"));
  CHECK(family("Zulu Alpha") > family("Bravo"));
  const auto quantity = [&](const char* value) {
    return key(std::string(R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":)") +
                   value + R"(,"code":"u"}})",
               "value-quantity", ParameterType::quantity);
  };
  CHECK(quantity("-3") < quantity("-2.5"));
  CHECK(quantity("9") < quantity("10"));
  CHECK(quantity("1.50") == quantity("1.5"));
  CHECK(search::sort_key(ParameterType::token, std::string(1, search::tag_present), false).empty());
  CHECK(search::sort_key(ParameterType::string, "", false).empty());
}

TEST_CASE("no value of a query does harm, whatever its bytes", "[types]") {
  Random random;
  INFO("seed " << random.seed());
  constexpr const char* pieces[] = {"ge", "ap",      "|",   "\\|",     "$",    "\\$", "\\",       "\\\\",       ",",    "-",
                                    "1",  "0",       "9e9", "1e-99",   "2013", "-01", "T",        "10:00",      "Z",    "+",
                                    " ",  "Patient", "/",   "http://", "a.b",  "#",   ":",        "\xff",       "\xc3", "\xa9",
                                    "ß",  "%",       "km",  "",        "true", "\t",  "_history", "9999-12-31", "0001"};
  constexpr const char* names[] = {"Patient.birthdate",
                                   "Patient.name",
                                   "Patient.name:contains",
                                   "Patient.name:exact",
                                   "Patient.phonetic",
                                   "Patient.identifier",
                                   "Patient.identifier:not",
                                   "Observation.subject",
                                   "Observation.subject:Patient",
                                   "ValueSet.url",
                                   "Observation.value-quantity",
                                   "RiskAssessment.probability",
                                   "Location.near",
                                   "Observation.code-value-quantity",
                                   "Observation.code-value-date",
                                   "Observation.code-value-string",
                                   "MolecularSequence.chromosome-variant-coordinate",
                                   "Patient.active:missing"};
  const model::Schema& schema = model::r4();
  const auto patient = types_test::terms_of(
      R"({"resourceType":"Patient","birthDate":"2013","name":[{"family":"O"}],"identifier":[{"value":"1"}],"active":true})");
  const auto observation = types_test::terms_of(
      R"({"resourceType":"Observation","status":"final","code":{"coding":[{"code":"1"}]},"valueQuantity":{"value":1,"code":"km"},"subject":{"reference":"Patient/1"}})");
  const auto place = types_test::terms_of(R"({"resourceType":"Location","position":{"latitude":1,"longitude":0}})");
  int sound = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string_view name = random.of(names);
    std::string value;
    for (int k = random.below(6); k >= 0; --k) value += random.of(pieces);
    const std::size_t dot = name.find('.');
    const model::TypeId type = schema.resource_type(name.substr(0, dot));
    const auto clause = types_test::clause_of(type, std::string(name.substr(dot + 1)) + "=" + value);
    if (!clause) continue;
    ++sound;
    for (const auto& terms : {patient, observation, place}) {
      if (terms->type == type) search::matches(*terms, *clause);
    }
  }
  CHECK(sound > 500);
}
