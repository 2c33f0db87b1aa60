#include <catch2/catch.hpp>

#include "search/query.h"
#include "tests/search/query_world.h"

using query_test::World;

namespace {

std::string numbers(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += (i != 0 ? "," : "") + std::to_string(i);
  return text;
}

std::string repeated(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

std::string numbered(std::string_view text, int count, std::string_view behind = {}) {
  std::string out;
  for (int i = 0; i < count; ++i) out.append(text).append(std::to_string(1000 + i)).append(behind);
  return out;
}

}  // namespace

TEST_CASE("a search has bounds", "[query]") {
  World world;
  CHECK_THAT(world.fault("Patient?_id=" + numbers(10001)), Catch::Contains("10000 values"));
  std::string keys = "Patient?_sort=name,family,given,gender,birthdate,phone,email,address";
  CHECK(world.get(keys).has_value());
  CHECK_THAT(world.fault(keys + ",address-city"), Catch::Contains("8 keys"));
}

TEST_CASE("ids alone, of references to any type, are taken up to a bound", "[query]") {
  World world;
  world.options.base_urls = {"http://kiln.example/fhir"};
  world.put(R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"focus":[{"reference":"Device/7"}]})");
  CHECK(world.ids("Observation?focus=" + numbers(250)) == std::vector<std::string>{"o"});
  for (const int count : {400, 6000}) {
    CHECK_THAT(world.fault("Observation?focus=" + numbers(count)), Catch::Contains("focus") && Catch::Contains("Type/id"));
  }
  // All arguments count, and what they take is known.
  CHECK_THAT(world.fault("Observation?focus=" + numbers(200) + "&focus=" + numbers(201)), Catch::Contains("focus"));
  CHECK((*world.parse("Observation?focus=1"))->size == 321);
  CHECK((*world.parse("Observation?focus=Patient/1"))->size == 2);
  CHECK((*world.parse("?_include=*"))->size > 100);
  CHECK((*world.parse("Patient/1/*"))->size > 100);
  // As does each type of a search over many.
  CHECK(world.get("?_tag=" + numbers(300)).has_value());
  CHECK_THAT(world.fault("?_tag=" + numbers(1000)), Catch::Contains("_tag"));
  // Others may have as many values as ever.
  CHECK(world.get("Patient?identifier=" + numbers(10000)).has_value());
}

TEST_CASE("a label is short, whatever the value", "[query]") {
  World world;
  const auto query = world.parse("?_tag=" + std::string(100000, 'a'));
  REQUIRE(query.has_value());
  for (const auto& clause : (*query)->conditions.at(0).any) CHECK(clause.label.size() <= 200);
}

TEST_CASE("what is said again is taken once", "[query]") {
  World world;
  const auto query = [&](const std::string& url) {
    auto parsed = world.parse(url);
    REQUIRE(parsed.has_value());
    return *parsed;
  };
  CHECK(query("Patient?" + repeated("_id:missing=false&", 900))->conditions.size() == 1);
  CHECK(query("Patient?" + repeated("_lastUpdated:missing=false&name=a&", 400))->conditions.size() == 2);
  CHECK(query("Patient?" + repeated("name=a&", 900))->normal == "name=a");
  CHECK(query("Patient?" + repeated("_include=*&_revinclude=Observation:subject&", 400))->inclusions.size() == 2);
  CHECK(query("Patient?_include=*&_include=Patient:*")->inclusions.size() == 1);
  CHECK(query("?" + repeated("_include=*&", 900))->inclusions.size() == search::resource_types(world.schema()).size());
  CHECK(query("Patient?" + repeated("_elements=photo&_elements=id,photo&", 400))->subset.elements.size() == 2);
  CHECK(query("Patient?" + repeated("colour=red&colour=green&", 400))->warnings.size() == 1);
  CHECK(world.fault("Patient?_count=1&_count=1").find("more than once") != std::string::npos);
}

TEST_CASE("arguments and what they name are taken up to a bound", "[query]") {
  World world;
  struct Row {
    std::string before, each;  // `each` with a number behind it, so many times
    int taken, refused;
    std::string named;
  };
  const Row rows[] = {
      {"Patient?_format=1", "&_format=", 999, 1000, "1000 arguments"},
      {"Patient?", "&name=n", 200, 201, "200 conditions"},
      {"Patient?", "&_id:not=n", 200, 201, "200 conditions"},
      {"Patient?", "&_include=Patient:x", 200, 201, "200 _include"},
      {"Patient?_sort=name", ",x", 99, 100, "8 keys"},
      {"Patient?_elements=name", ",x", 999, 1000, "1000 names"},
      {"Patient?_elements=name", "&_elements=x", 900, -1, {}},
      {"Patient?_lastUpdated=2020", ",", 8999, 10000, "10000 values"},
  };
  for (const Row& row : rows) {
    INFO(row.before << row.each);
    CHECK(world.parse(row.before + numbered(row.each, row.taken)).has_value());
    if (row.refused >= 0) CHECK_THAT(world.fault(row.before + numbered(row.each, row.refused)), Catch::Contains(row.named));
  }
  CHECK_THAT(world.fault("?_type=Patient" + repeated(",Patient", 1000)), Catch::Contains("1000 names"));
}

TEST_CASE("faults are told up to a bound", "[query]") {
  World world;
  const auto last = [](const model::Issues& issues) { return issues.list().back().diagnostics; };
  const auto page = world.page("Patient?" + numbered("&colour", 900, "=red"));
  CHECK(page.warnings.size() == 201);
  CHECK_THAT(last(page.warnings), Catch::Contains("further"));
  CHECK_FALSE(page.warnings.has_errors());
  CHECK((*world.parse("Patient?" + numbered("&colour", 900, "=red")))->size == 201);  // a Bundle keeps them
  for (const std::string& url : {"Patient?" + numbered("&colour", 900, "=red"), "Patient?_lastUpdated=x" + numbered(",x", 5000),
                                 "Patient?birthdate=x" + numbered(",x", 5000), "?" + numbered("&colour", 900, "=red")}) {
    const auto refused = world.get(url, true);
    REQUIRE(refused.has_error());
    CHECK(refused.error().issues.size() == 201);
    CHECK_THAT(last(refused.error().issues), Catch::Contains("further"));
  }
}
