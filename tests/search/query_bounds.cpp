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
