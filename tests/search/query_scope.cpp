// Searches over several types and in compartments, beyond what the oracle asks.
#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

#include "search/compartment.h"
#include "tests/search/query_world.h"

using query_test::matches_of;
using query_test::World;
using Strings = std::vector<std::string>;

namespace {

Strings names(World& world, std::string_view url) {
  Strings out;
  for (const search::Match& match : world.page(url).matches) out.push_back(query_test::id_of(match));
  return out;
}

void put(World& world, const std::string& type, const std::string& id, const std::string& more = {}) {
  static const std::map<std::string, std::string> mandatory = {
      {"Observation", R"(,"status":"final","code":{"text":"x"})"},
      {"Encounter", R"(,"status":"finished","class":{"code":"AMB"})"},
  };
  const auto own = mandatory.find(type);
  world.put(R"({"resourceType":")" + type + R"(","id":")" + id + "\"" + (own != mandatory.end() ? own->second : "") + more + "}");
}

}  // namespace

// R4 compartmentdefinition.html: "param: the name of a search parameter that represents the link to the compartment".
TEST_CASE("whatever a compartment names can be asked", "[query]") {
  const model::Schema& schema = model::r4();
  const search::Extractor extractor(schema);
  std::size_t rows = 0;
  for (const auto& compartment : schema.compartments) {
    const model::TypeId owner = schema.resource_type(schema.text(compartment.code));
    REQUIRE(search::compartment_of(schema, owner) == &compartment);
    const auto types = search::compartment_types(schema, compartment);
    CHECK(std::binary_search(types.begin(), types.end(), owner));
    std::size_t parameters = 0;
    for (const auto& row : model::Schema::rows(schema.compartment_parameters, compartment.parameters)) {
      INFO(schema.type_name(owner) << ": " << schema.type_name(row.type) << "?" << schema.text(row.parameter));
      CHECK(std::binary_search(types.begin(), types.end(), row.type));
      if (schema.text(row.parameter) == "{def}") {
        CHECK(row.type == owner);
        continue;
      }
      ++rows, ++parameters;
      const auto parameter = extractor.parameter(row.type, schema.text(row.parameter));
      REQUIRE(parameter != search::no_parameter);
      CHECK(schema.search_parameters[parameter].type == model::ParameterType::reference);
    }
    const auto condition = search::in_compartment(schema, extractor, {owner, "1"}, types, {});
    CHECK(condition.any.size() == parameters);
    REQUIRE(condition.itself);
    CHECK(condition.positive());
  }
  CHECK(rows == 299);
  CHECK(search::compartment_of(schema, schema.resource_type("Organization")) == nullptr);
  CHECK(search::in_compartment(schema, extractor, {schema.resource_type("Organization"), "1"}, {}, {}).any.empty());
}

TEST_CASE("a scope that is none is refused", "[query]") {
  World world;
  CHECK_THAT(world.fault("Organization/1/Patient"), Catch::Contains("no compartment"));
  CHECK_THAT(world.fault("Organization/1/*"), Catch::Contains("no compartment"));
  CHECK_THAT(world.fault("Patient/1/Medication"), Catch::Contains("never in it"));
  CHECK(names(world, "Patient/no_id/*").empty());
}

TEST_CASE("links of a search keep its place apart", "[query]") {
  World world;
  for (const char* id : {"a", "b", "c"}) put(world, "Observation", id, R"(,"subject":{"reference":"Patient/1"})");
  const auto page = world.page("Patient/1/Observation?_count=1");
  REQUIRE_FALSE(page.next.empty());
  CHECK(names(world, "Patient/1/Observation?" + page.next) == Strings{"Observation/b"});
  for (const char* place : {"Observation", "", "Patient/1/*", "Patient/2/Observation"}) {
    CHECK_THAT(world.fault(std::string(place) + "?" + page.next), Catch::Contains("token of another search"));
  }
}

TEST_CASE("many values times many types have a bound", "[query]") {
  World world;
  std::string many;
  for (int i = 0; i < 2000; ++i) many += (i != 0 ? "," : "") + std::to_string(i);
  CHECK_THAT(world.fault("?_tag=" + many), Catch::Contains("146 types takes at most 1369 values"));
  CHECK_THAT(world.fault("?_id=" + many), Catch::Contains("146 types takes at most 1369 values"));
  CHECK(world.get("?_type=Patient,Observation&_tag=" + many).has_value());
  CHECK(world.get("Patient?_tag=" + many).has_value());
}

TEST_CASE("several types in one plan: streams are merged, newest first", "[query]") {
  World world;
  Strings all, tagged, batch;
  for (int i = 0; i < 3000; ++i) {
    const std::string type = i % 3 == 0 ? "Patient" : i % 7 == 0 ? "Device" : "Basic", id = "r" + std::to_string(i);
    const bool tag = i % 5 != 0;
    batch.push_back(R"({"resourceType":")" + type + R"(","id":")" + id + "\"" +
                    (tag ? R"(,"meta":{"tag":[{"system":"urn:t","code":"x"}]})" : "") +
                    (type == "Basic" ? R"(,"code":{"text":"x"}})" : "}"));
    all.insert(all.begin(), type + "/" + id);
    if (tag) tagged.insert(tagged.begin(), type + "/" + id);
    if (batch.size() == 1000) {
      world.put_together(batch);
      batch.clear();
    }
  }
  const auto first = [](const Strings& list, std::size_t count) {
    return Strings(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(count));
  };
  const auto plan = [&](const char* url) { return world.search().explain(**world.parse(url), {}).value(); };
  CHECK(names(world, "?_total=none&_count=2") == first(all, 2));
  CHECK_THAT(plan("?_total=none&_count=2"), Catch::Contains("stream[newest of the 3 types]"));
  CHECK(names(world, "?_tag=urn:t|x&_total=none") == first(tagged, 20));
  CHECK_THAT(plan("?_tag=urn:t|x&_total=none"), Catch::Contains("stream[_tag=urn:t|x]"));
  CHECK(names(world, "?_type=Patient,Basic,Device&_tag=urn:t|x&_total=none") == first(tagged, 20));
  CHECK(names(world, "?_total=none&_count=900") == first(all, 900));
  CHECK(names(world, "?_tag=urn:t|x&_count=900") == first(tagged, 900));
  CHECK_THAT(plan("Patient?_total=none&_count=2"), Catch::Contains("stream[newest of the type]"));
  CHECK(world.page("?_tag:not=urn:t|x&_summary=count").total == 600);
  CHECK(world.page("?_type=Patient,Device&_tag:not=x&_summary=count").total == 200 + 57);
}
