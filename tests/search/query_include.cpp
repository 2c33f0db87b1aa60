#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "tests/search/query_world.h"

using query_test::included_of;
using query_test::matches_of;
using query_test::World;
using Strings = std::vector<std::string>;

namespace {

void fill(World& world) {
  for (
      const char* json : {
          R"({"resourceType":"Organization","id":"o1","name":"One"})",
          R"({"resourceType":"Practitioner","id":"d1"})",
          R"({"resourceType":"Patient","id":"p1","managingOrganization":{"reference":"Organization/o1"},"generalPractitioner":[{"reference":"Practitioner/d1"}]})",
          R"({"resourceType":"Patient","id":"p2","managingOrganization":{"reference":"Organization/gone"}})",
          R"({"resourceType":"Group","id":"g1","type":"person","actual":true})",
          R"({"resourceType":"Encounter","id":"e1","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"}})",
          R"({"resourceType":"Observation","id":"b1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"},"encounter":{"reference":"Encounter/e1"}})",
          R"({"resourceType":"Observation","id":"b2","status":"final","code":{"text":"x"},"subject":{"reference":"http://kiln.test/fhir/Patient/p1"}})",
          R"({"resourceType":"Observation","id":"b3","status":"final","code":{"text":"x"},"subject":{"reference":"Group/g1"}})",
          R"({"resourceType":"Observation","id":"b4","status":"final","code":{"text":"x"},"subject":{"reference":"http://elsewhere.test/Patient/p1"}})",
          R"({"resourceType":"Questionnaire","id":"q1","url":"http://kiln.test/q","version":"1","status":"active"})",
          R"({"resourceType":"Questionnaire","id":"q2","url":"http://kiln.test/q","version":"2","status":"active"})",
          R"({"resourceType":"QuestionnaireResponse","id":"r1","status":"completed","questionnaire":"http://kiln.test/q|1"})",
          R"({"resourceType":"QuestionnaireResponse","id":"r2","status":"completed","questionnaire":"http://kiln.test/q"})",
      }) {
    world.put(json);
  }
}

}  // namespace

TEST_CASE("_include and _revinclude add what is referred to and what refers", "[query]") {
  World world;
  fill(world);
  struct Row {
    std::string url;
    Strings included;
  };
  const Row rows[] = {
      {"Observation?_include=Observation:subject", {"Group/g1", "Patient/p1"}},
      {"Observation?_include=Observation:subject:Patient", {"Patient/p1"}},
      {"Observation?_include=Observation:subject:Group", {"Group/g1"}},
      {"Observation?_include=Observation:patient", {"Patient/p1"}},
      {"Observation?_include=Observation:encounter&_include=Observation:subject", {"Encounter/e1", "Group/g1", "Patient/p1"}},
      {"Observation?_include=Observation:*", {"Encounter/e1", "Group/g1", "Patient/p1"}},
      {"Observation?_include=*", {"Encounter/e1", "Group/g1", "Patient/p1"}},
      {"Observation?_id=b4&_include=Observation:subject", {}},
      {"Patient?_include=Patient:organization", {"Organization/o1"}},
      {"Patient?_id=p1&_revinclude=Observation:subject", {"Observation/b1", "Observation/b2"}},
      {"Patient?_id=p2&_revinclude=Observation:subject", {}},
      {"Patient?_id=p1&_revinclude=Observation:subject&_revinclude=Encounter:patient&_include=Patient:general-practitioner",
       {"Encounter/e1", "Observation/b1", "Observation/b2", "Practitioner/d1"}},
      {"Patient?_revinclude=Observation:*", {"Observation/b1", "Observation/b2"}},
      {"QuestionnaireResponse?_id=r1&_include=QuestionnaireResponse:questionnaire", {"Questionnaire/q1"}},
      {"QuestionnaireResponse?_id=r2&_include=QuestionnaireResponse:questionnaire", {"Questionnaire/q2"}},
      {"Observation?_summary=count&_include=Observation:subject", {}},
  };
  for (const Row& row : rows) {
    INFO(row.url);
    const search::Page page = world.page(row.url);
    CHECK(included_of(page) == row.included);
    CHECK(page.warnings.empty());
    if (page.total && !page.matches.empty()) CHECK(*page.total == matches_of(page).size());
  }
}

TEST_CASE("_revinclude finds what names a match by its canonical", "[query]") {
  World world;
  for (
      const char* json : {
          R"({"resourceType":"Questionnaire","id":"q1","url":"http://kiln.test/q","version":"1","status":"active"})",
          R"({"resourceType":"Questionnaire","id":"q2","url":"http://kiln.test/q","version":"2","status":"active"})",
          R"({"resourceType":"Questionnaire","id":"q3","url":"http://kiln.test/q3,$","status":"active"})",
          R"({"resourceType":"Questionnaire","id":"q4","status":"active"})",
          R"({"resourceType":"QuestionnaireResponse","id":"r1","status":"completed","questionnaire":"http://kiln.test/q|1"})",
          R"({"resourceType":"QuestionnaireResponse","id":"r2","status":"completed","questionnaire":"http://kiln.test/q|2"})",
          R"({"resourceType":"QuestionnaireResponse","id":"r3","status":"completed","questionnaire":"http://kiln.test/q"})",
          R"({"resourceType":"QuestionnaireResponse","id":"r4","status":"completed","questionnaire":"http://kiln.test/q3,$"})",
          R"({"resourceType":"QuestionnaireResponse","id":"r5","status":"completed","questionnaire":"http://kiln.test/q3,$|7"})",
          R"({"resourceType":"QuestionnaireResponse","id":"r6","status":"completed","questionnaire":"Questionnaire/q4"})",
          R"({"resourceType":"QuestionnaireResponse","id":"r7","status":"completed","questionnaire":"http://kiln.test/q/more"})",
          R"({"resourceType":"QuestionnaireResponse","id":"r8","status":"completed","questionnaire":"http://kiln.test/fhir/Questionnaire/q4"})",
          R"({"resourceType":"Library","id":"l1","url":"http://kiln.test/l","version":"1.0","status":"active","type":{"text":"x"}})",
          R"({"resourceType":"Measure","id":"m1","url":"http://kiln.test/m","status":"active","library":["http://kiln.test/l|1.0"]})",
          R"({"resourceType":"Measure","id":"m2","url":"http://kiln.test/m2","status":"active","library":["http://kiln.test/l"]})",
          R"({"resourceType":"Measure","id":"m3","url":"http://kiln.test/m3","status":"active","library":["http://kiln.test/l|2.0"]})",
          R"({"resourceType":"MeasureReport","id":"mr","status":"complete","type":"summary","period":{"start":"2020"},"measure":"http://kiln.test/m"})",
          R"({"resourceType":"RequestGroup","id":"g","status":"active","intent":"plan","instantiatesCanonical":["http://kiln.test/m"]})",
      }) {
    world.put(json);
  }
  struct Row {
    std::string url;
    Strings included;
  };
  const std::string by = "&_revinclude=QuestionnaireResponse:questionnaire";
  const auto response = [](const char* id) { return std::string("QuestionnaireResponse/") + id; };
  const Row rows[] = {
      {"Questionnaire?_id=q1" + by, {response("r1"), response("r3")}},
      {"Questionnaire?_id=q2" + by, {response("r2"), response("r3")}},
      {"Questionnaire?_id=q1,q2" + by, {response("r1"), response("r2"), response("r3")}},
      {"Questionnaire?_id=q3" + by, {response("r4")}},
      {"Questionnaire?_id=q4" + by, {response("r6"), response("r8")}},
      {"Questionnaire?_id=q1" + by + ":Questionnaire", {response("r1"), response("r3")}},
      {"Questionnaire?_id=q1&_revinclude=QuestionnaireResponse:*", {response("r1"), response("r3")}},
      {"Library?_revinclude=Measure:depends-on", {"Measure/m1", "Measure/m2"}},
      {"Library?_revinclude=Measure:*", {"Measure/m1", "Measure/m2"}},
      {"Measure?_id=m1&_revinclude=MeasureReport:measure", {"MeasureReport/mr"}},
      {"Measure?_id=m2&_revinclude=MeasureReport:measure", {}},
      {"Measure?_id=m1&_revinclude=RequestGroup:instantiates-canonical", {"RequestGroup/g"}},
      {"?_type=Library,Questionnaire&_id=l1,q1&_revinclude=Measure:depends-on" + by,
       {"Measure/m1", "Measure/m2", response("r1"), response("r3")}},
      // and there again
      {"RequestGroup?_include=RequestGroup:instantiates-canonical", {"Measure/m1"}},
      {"QuestionnaireResponse?_id=r4,r6&_include=QuestionnaireResponse:questionnaire", {"Questionnaire/q3", "Questionnaire/q4"}},
      {"QuestionnaireResponse?_id=r8&_include=QuestionnaireResponse:questionnaire", {"Questionnaire/q4"}},
  };
  for (const bool flushed : {false, true}) {
    if (flushed) world.flush();
    for (const Row& row : rows) {
      INFO(row.url);
      const search::Page page = world.page(row.url);
      CHECK(included_of(page) == row.included);
      CHECK(page.warnings.empty());
    }
  }

  const search::Page first = world.page("Questionnaire?_sort=_id&_count=1" + by);
  CHECK(matches_of(first) == Strings{"q1"});
  world.put(R"({"resourceType":"Questionnaire","id":"q1","url":"http://kiln.test/q3,$","status":"active"})");
  world.remove("QuestionnaireResponse", "r1");
  CHECK(included_of(world.page("Questionnaire?" + first.first)) == Strings{response("r1"), response("r3")});
  CHECK(included_of(world.page("Questionnaire?_sort=_id&_count=1" + by)) == Strings{response("r4")});
}

TEST_CASE("a match is never included again, and includes are as of the page's moment", "[query]") {
  World world;
  fill(world);
  world.put(
      R"({"resourceType":"Observation","id":"b5","status":"final","code":{"text":"x"},"hasMember":[{"reference":"Observation/b1"}]})");
  CHECK(included_of(world.page("Observation?_include=Observation:has-member")).empty());
  CHECK(included_of(world.page("Observation?_id=b5&_include=Observation:has-member")) == Strings{"Observation/b1"});

  const search::Page first =
      world.page("Observation?_sort=_id&_count=1&_include=Observation:subject&_revinclude=Observation:has-member");
  CHECK(matches_of(first) == Strings{"b1"});
  CHECK(included_of(first) == Strings{"Observation/b5", "Patient/p1"});
  world.put(R"({"resourceType":"Patient","id":"p1","active":true})");
  world.remove("Observation", "b5");
  const search::Page again = world.page("Observation?" + first.first);
  CHECK(included_of(again) == Strings{"Observation/b5", "Patient/p1"});
  for (const search::Match& match : again.matches) CHECK(match.version.version == 1);
  world.remove("Patient", "p1");
  CHECK(included_of(world.page("Observation?" + first.first)) == Strings{"Observation/b5", "Patient/p1"});
  CHECK(included_of(world.page("Observation?_sort=_id&_count=1&_include=Observation:subject")).empty());
}

TEST_CASE("includes are bounded, and the page says so", "[query]") {
  World world;
  world.put(R"({"resourceType":"Patient","id":"p"})");
  std::vector<std::string> batch;
  for (int i = 0; i < 1005; ++i) {
    batch.push_back(R"({"resourceType":"Observation","id":"b)" + std::to_string(i) +
                    R"(","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p"}})");
  }
  world.put_together(batch);
  const search::Page page = world.page("Patient?_revinclude=Observation:subject");
  CHECK(page.matches.size() == 1001);
  REQUIRE(page.warnings.size() == 1);
  CHECK_THAT(page.warnings.begin()->diagnostics, Catch::Contains("1000"));
}

TEST_CASE("what can be included is listed", "[query]") {
  World world;
  const auto patient = model::r4().resource_type("Patient");
  const auto names = world.search().includes(patient);
  CHECK(std::find(names.begin(), names.end(), "Patient:organization") != names.end());
  CHECK(std::find(names.begin(), names.end(), "Patient:name") == names.end());
  const auto reverse = world.search().revincludes(patient);
  CHECK(std::find(reverse.begin(), reverse.end(), "Observation:subject") != reverse.end());
  CHECK(std::find(reverse.begin(), reverse.end(), "Patient:organization") == reverse.end());
  for (const std::string& name : names) CHECK(world.get("Patient?_include=" + name, true).has_value());
  for (const std::string& name : reverse) CHECK(world.get("Patient?_revinclude=" + name, true).has_value());
  std::set<std::string_view> codes;
  for (const auto& parameter : world.search().parameters(patient)) {
    CHECK(codes.insert(parameter.code).second);
    INFO(parameter.code);
    CHECK(world.get("Patient?" + std::string(parameter.code) + ":missing=true", true).has_value());
  }
}
