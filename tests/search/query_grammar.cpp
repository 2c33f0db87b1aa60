#include <catch2/catch.hpp>

#include "search/query.h"
#include "search/query_arguments.h"
#include "tests/search/query_world.h"

using query_test::World;
using Strings = std::vector<std::string>;

TEST_CASE("values are split at unescaped commas only", "[query]") {
  struct Row {
    std::string value;
    Strings alternatives;
  };
  const Row rows[] = {
      {"a", {"a"}},          {"a,b", {"a", "b"}}, {"a\\,b", {"a,b"}}, {"a\\\\,b", {"a\\\\", "b"}}, {"a\\|b\\$c", {"a\\|b\\$c"}},
      {"a,,b,", {"a", "b"}}, {",", {}},           {"a\\", {"a\\"}},   {"\\,\\,", {",,"}},
  };
  for (const Row& row : rows) {
    INFO(row.value);
    CHECK(search::split_alternatives(row.value) == row.alternatives);
  }
}

TEST_CASE("query strings of links are percent-encoded", "[query]") {
  std::string out;
  search::append_argument(out, "code", "http://loinc.org|1234-5,x");
  search::append_argument(out, "name:exact", "M\xc3\xbcller & co+1=2");
  CHECK(out == "code=http://loinc.org%7C1234-5,x&name:exact=M%C3%BCller%20%26%20co%2B1%3D2");
  CHECK(query_test::percent_decoded(out) == "code=http://loinc.org|1234-5,x&name:exact=M\xc3\xbcller & co+1=2");
}

TEST_CASE("the self link states what was applied", "[query]") {
  World world;
  struct Row {
    std::string url, self;
  };
  const Row rows[] = {
      {"Patient", ""},
      {"Patient?name=eve", "name=eve"},
      {"Patient?name=eve&gender=female,male&_sort=-birthdate,name", "name=eve&gender=female,male&_sort=-birthdate,name"},
      {"Patient?identifier=http://x.org|a\\,b", "identifier=http://x.org%7Ca%5C,b"},
      {"Patient?name=&gender=male&family", "gender=male"},         // empty values are ignored
      {"Patient?_format=json&_pretty=true&name=eve", "name=eve"},  // the endpoint's own
      {"Patient?_count=5000&name=eve", "_count=1000&name=eve"},    // the bound that was applied
      {"Patient?name=eve&colour=red&_sort=name,colour", "name=eve&_sort=name"},
      {"Patient?_sort=name,colour&_sort=name,shape&_elements=name,x&_elements=name", "_sort=name&_elements=name"},
      {"Patient?_summary=count&name=eve", "_summary=count&name=eve"},
      {"Patient?_summary=text&name=eve", "_summary=text&name=eve"},
      {"Patient?_summary=false&_elements=name", "_summary=false&_elements=name"},
      {"Patient?_elements=id,Patient.name&_elements=gender,,id", "_elements=id,name&_elements=gender,id"},
      {"Observation?_elements=value[x],valueQuantity,effectiveDateTime", "_elements=value,effective"},
      {"Patient?_elements=name.given,colour", "_elements=name"},
      {"Patient?_elements=,", ""},
      {"Patient?general-practitioner.name=joe", ""},
      {"Patient?_has:Observation:patient:code=1", ""},
      {"Patient?organization:Organization.name=x", ""},
      {"Observation?_include=Observation:subject:Patient", "_include=Observation:subject:Patient"},
      {"Patient?_id=a,b&_lastUpdated=gt2020-01-01", "_id=a,b&_lastUpdated=gt2020-01-01"},
  };
  for (const Row& row : rows) {
    INFO(row.url);
    CHECK(world.page(row.url).self == row.self);
  }
}

TEST_CASE("what is left out is named, and refused under strict handling", "[query]") {
  World world;
  const std::pair<std::string, std::string> rows[] = {
      {"Patient?colour=red", "colour"},
      {"Patient?_elements=colour", "colour"},
      {"Patient?_elements=Observation.status", "Observation.status"},
      {"Patient?_text=x", "_text"},
      {"Patient?_content=x", "_content"},
      {"Patient?_list=1", "_list"},
      {"Patient?_filter=x", "_filter"},
      {"Patient?_contained=true", "_contained"},
      {"Patient?_has:Observation:patient:code=1", "_has"},
      {"Patient?organization.name=x", "organization.name"},
      {"Patient?organization:Organization.name=x", "organization:Organization.name"},
      {"Patient?_sort=colour", "colour"},
      {"Observation?_sort=code-value-quantity", "code-value-quantity"},
      {"Patient?_include=Patient:colour", "Patient:colour"},
      {"Patient?_include=Patient:name", "Patient:name"},
      {"Patient?_include=Observation:subject", "Observation:subject"},
      {"Patient?_revinclude=Observation:subject:Group", "Observation:subject:Group"},
  };
  for (const auto& [url, named] : rows) {
    INFO(url);
    const search::Page page = world.page(url);
    REQUIRE(page.warnings.size() == 1);
    CHECK(page.warnings.begin()->diagnostics.find(named) != std::string::npos);
    CHECK(page.self.empty());
    CHECK(world.fault(url, true).find(named) != std::string::npos);
  }
}

TEST_CASE("faults are refused, each with its name, all at once", "[query]") {
  World world;
  const std::pair<std::string, Strings> rows[] = {
      {"Patient?name:nonsense=x", {"name", ":nonsense"}},
      {"Patient?name:=x", {"name"}},
      {"Patient?name:not=x", {"name", ":not"}},
      {"Patient?name:below=x", {"name", ":below"}},
      {"Patient?birthdate:exact=2000", {"birthdate", ":exact"}},
      {"Patient?birthdate=2013-13", {"birthdate", "2013-13"}},
      {"Patient?birthdate=gt2013,yesterday", {"birthdate", "yesterday"}},
      {"Patient?name:missing=maybe", {"name", "maybe"}},
      {"Patient?_id:exact=1", {"_id", ":exact"}},
      {"Patient?_id:missing=1", {"_id:missing"}},
      {"Patient?_lastUpdated:not=2020", {"_lastUpdated", ":not"}},
      {"Patient?_lastUpdated=soon", {"_lastUpdated", "soon"}},
      {"Patient?_count=-1", {"_count", "-1"}},
      {"Patient?_count=many", {"_count", "many"}},
      {"Patient?_count=1&_count=2", {"_count", "more than once"}},
      {"Patient?_total=some", {"_total", "some"}},
      {"Patient?_summary=brief", {"_summary", "brief"}},
      {"Patient?_summary=true&_summary=data", {"_summary", "more than once"}},
      {"Patient?_summary=true&_elements=name", {"_summary", "_elements"}},
      {"Patient?_include=Patient:organization&_summary=text", {"_include", "_summary=text"}},
      {"Patient?_revinclude=Observation:subject&_summary=text", {"_revinclude", "_summary=text"}},
      {"Patient?_elements:not=name", {"_elements", ":not"}},
      {"Patient?_query=current-high-risk&ward=1", {"_query", "current-high-risk"}},
      {"Patient?_include=Patient", {"_include=Patient"}},
      {"Patient?_include=Person:x", {"_include=Person:x"}},
      {"Patient?_include=Nothing:x", {"Nothing"}},
      {"Patient?_include:iterate=Patient:organization", {"_include", ":iterate"}},
      {"Patient?_sort=a,b,c&_sort:asc=name", {"_sort", ":asc"}},
      {"Patient?name:nonsense=x&birthdate=2013-13&_count=a&_lastUpdated=soon",
       {":nonsense", "2013-13", "_count", "_lastUpdated"}},
      {"RiskAssessment?probability=abc", {"probability", "abc"}},
      {"Observation?value-quantity=abc", {"value-quantity", "abc"}},
      {"Patient?identifier=xx\\xx", {"identifier", "'xx\\xx'", "written twice"}},
      {"Patient?name=a,b\\", {"name", "'b\\'", "written twice"}},
      {"Patient?_id=a,b\\c", {"_id", "b\\c", "written twice"}},
  };
  for (const auto& [url, named] : rows) {
    INFO(url);
    if (url == "Patient?_include=Person:x") continue;  // left out, not refused: Person is a type
    const std::string fault = world.fault(url);
    for (const std::string& part : named) CHECK_THAT(fault, Catch::Contains(part));
  }
}

TEST_CASE("_lastUpdated compares instants with the range of the value", "[query]") {
  World world;
  world.tick = 0;
  const auto at = [&](const char* id, std::int64_t ms) {
    World::now = ms;
    world.put(std::string(R"({"resourceType":"Patient","id":")") + id + "\"}");
  };
  // 2020-01-01T00:00:00.000Z and so on
  const std::int64_t day = 86'400'000, start = 1'577'836'800'000;
  at("last2019", start - 1);
  at("first2020", start);
  at("noon", start + day / 2);
  at("end", start + day - 1);
  at("second", start + day);
  at("year", start + 366 * day);
  struct Row {
    std::string value;
    Strings ids;  // newest first
  };
  const Row rows[] = {
      {"2020-01-01", {"end", "noon", "first2020"}},
      {"2020", {"second", "end", "noon", "first2020"}},
      {"ne2020", {"year", "last2019"}},
      {"gt2020-01-01", {"year", "second"}},
      {"ge2020-01-01", {"year", "second", "end", "noon", "first2020"}},
      {"lt2020-01-01", {"last2019"}},
      {"le2020-01-01", {"end", "noon", "first2020", "last2019"}},
      {"sa2020-01-01", {"year", "second"}},
      {"eb2020-01-01", {"last2019"}},
      {"2020-01-01T12:00:00Z", {"noon"}},
      {"2020-01-01T12:00:00.000Z", {"noon"}},
      {"gt2020-01-01T12:00:00.000Z", {"year", "second", "end"}},
      {"lt2020-01-01T12:00:00.000Z", {"first2020", "last2019"}},
      {"2019-12-31T23:59:59.999Z", {"last2019"}},
      {"2020-01-01T01:00:00.000%2B01:00", {"first2020"}},
      {"lt2020,ge2021", {"year", "last2019"}},
      {"lt1900", {}},
      {"gt2999", {}},
  };
  for (const Row& row : rows) {
    INFO(row.value);
    CHECK(world.ids("Patient?_lastUpdated=" + row.value) == row.ids);
  }
  CHECK(world.ids("Patient?_lastUpdated=gt2020-01-01&_lastUpdated=lt2021").size() == 1);
  CHECK(world.ids("Patient?_lastUpdated:missing=true").empty());
  CHECK(world.ids("Patient?_lastUpdated:missing=false").size() == 6);
  World::now = 1'700'000'000'000;
}

TEST_CASE("_id names resources, whatever else is asked", "[query]") {
  World world;
  for (const char* id : {"a", "b", "c", "A"}) {
    world.put(std::string(R"({"resourceType":"Patient","gender":"male","id":")") + id + "\"}");
  }
  world.remove("Patient", "b");
  CHECK(world.ids("Patient?_id=a") == Strings{"a"});
  CHECK(world.ids("Patient?_id=a,b,c,d,a") == Strings{"c", "a"});
  CHECK(world.ids("Patient?_id=a&_id=c").empty());
  CHECK(world.ids("Patient?_id=a,c&_id=c") == Strings{"c"});
  CHECK(world.ids("Patient?_id:not=a,A") == Strings{"c"});
  CHECK(world.ids("Patient?_id=a&gender=female").empty());
  CHECK(world.ids("Patient?_id=a&gender=male") == Strings{"a"});
  CHECK(world.ids("Observation?_id=a").empty());
  CHECK(world.ids("Patient?_id:missing=true").empty());
  CHECK(world.ids("Patient?_id:missing=false").size() == 3);
}

TEST_CASE("a search that takes too long is given up", "[query]") {
  World world;
  for (int i = 0; i < 50; ++i) {
    world.put(R"({"resourceType":"Patient","id":"p)" + std::to_string(i) + R"(","name":[{"family":"N)" + std::to_string(i) +
              "\"}]}");
  }
  const std::string url = "Patient?name:contains=n&_sort=name";
  CHECK(world.page(url).matches.size() == 20);
  world.options.max_milliseconds = 0;
  const auto page = world.get(url);
  REQUIRE(page.has_error());
  CHECK(page.error().kind == model::FailureKind::timeout);
  CHECK(page.error().issues.begin()->code == model::IssueCode::too_costly);
  const auto query = world.parse(url);
  REQUIRE(query.has_value());
  CHECK_THROWS(world.search().match(**query, 2, false));
}
