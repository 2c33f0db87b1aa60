// What read_json refuses, and how it says so: one row a fault.

#include <catch2/catch.hpp>

#include "tests/formats/support.h"

namespace {

using model::IssueCode;

struct Row {
  const char* json;
  const char* expression;
  IssueCode code;
  const char* says;                    // part of the diagnostics
  std::uint32_t line = 0, column = 0;  // 0: not looked at
};

// Each text has just this fault.
const Row single_faults[] = {
    // members
    {R"({"resourceType":"Patient","foo":1})", "Patient", IssueCode::structure, "Patient has no member 'foo'", 1, 27},
    {"{\"resourceType\":\"Patient\",\n  \"foo\" : { \"a\" : [ 1 ] } }", "Patient", IssueCode::structure, "'foo'", 2, 3},
    {R"({"resourceType":"Patient","_foo":{"id":"a"}})", "Patient", IssueCode::structure, "'_foo'"},
    {R"({"resourceType":"Patient","_":{"id":"a"}})", "Patient", IssueCode::structure, "'_'"},
    {R"({"resourceType":"Patient","":1})", "Patient", IssueCode::structure, "no member ''"},
    {R"({"resourceType":"Patient","contact":[{"gender":"male","nam":{"text":"x"}}]})", "Patient.contact[0]", IssueCode::structure,
     "Patient.contact has no member 'nam'"},
    {R"({"resourceType":"Patient","name":[{"text":"x"},{"text":"y","first":"z"}]})", "Patient.name[1]", IssueCode::structure,
     "HumanName has no member 'first'"},
    {R"({"resourceType":"Patient","_name":[{"id":"a"}]})", "Patient", IssueCode::structure, "only primitive elements"},
    {R"({"resourceType":"Patient","extension":[{"url":"urn:a","_url":{"id":"b"},"valueCode":"c"}]})", "Patient.extension[0]",
     IssueCode::structure, "'_url'"},
    {R"({"resourceType":"Patient","text":{"status":"empty","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>","_div":{"id":"x"}}})",
     "Patient.text", IssueCode::structure, "'_div'"},
    {R"({"resourceType":"Patient","birthDate":"2020","_birthDate":{"value":"2020"}})", "Patient.birthDate", IssueCode::structure,
     "date has no member 'value'"},
    {R"({"resourceType":"Patient","birthDate":"2020","_birthDate":{"url":"urn:a"}})", "Patient.birthDate", IssueCode::structure,
     "date has no member 'url'"},
    {R"({"resourceType":"Patient","name":[{"resourceType":"HumanName","text":"x"}]})", "Patient.name[0]", IssueCode::structure,
     "no member 'resourceType'"},
    {R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueFoo":1})", "Observation", IssueCode::structure,
     "valueFoo"},
    {R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"value":1})", "Observation", IssueCode::structure,
     "'value'"},
    // JSON kinds
    {R"({"resourceType":"Patient","birthDate":2020})", "Patient.birthDate", IssueCode::structure,
     "birthDate is a string, not a number", 1, 39},
    {R"({"resourceType":"Patient","active":"true"})", "Patient.active", IssueCode::structure,
     "active is a boolean, not a string"},
    {R"({"resourceType":"Patient","active":{"value":true}})", "Patient.active", IssueCode::structure, "not an object"},
    {R"({"resourceType":"Patient","multipleBirthInteger":"2"})", "Patient.multipleBirth", IssueCode::structure,
     "is a number, not a string"},
    {R"({"resourceType":"Patient","maritalStatus":"M"})", "Patient.maritalStatus", IssueCode::structure,
     "is an object, not a string"},
    {R"({"resourceType":"Patient","name":["x"]})", "Patient.name[0]", IssueCode::structure, "is an object, not a string"},
    {R"({"resourceType":"Patient","birthDate":"2020","_birthDate":"x"})", "Patient.birthDate", IssueCode::structure,
     "_birthDate holds"},
    {R"({"resourceType":"Patient","contained":[1]})", "Patient.contained[0]", IssueCode::structure, "is an object"},
    // arrays
    {R"({"resourceType":"Patient","birthDate":["2020"]})", "Patient.birthDate", IssueCode::structure,
     "single value, not an array", 1, 39},
    {R"({"resourceType":"Patient","name":{"text":"x"}})", "Patient.name[0]", IssueCode::structure, "stand in an array"},
    {R"({"resourceType":"Patient","name":[{"given":"x"}]})", "Patient.name[0].given[0]", IssueCode::structure,
     "stand in an array"},
    {R"({"resourceType":"Patient","name":[]})", "Patient.name[0]", IssueCode::structure, "An array must not be empty"},
    {R"({"resourceType":"Patient","name":[{"given":[]}]})", "Patient.name[0].given[0]", IssueCode::structure,
     "An array must not be empty"},
    {R"({"resourceType":"Patient","name":[[{"text":"x"}]]})", "Patient.name[0]", IssueCode::structure,
     "is an object, not an array"},
    // empty
    {R"({"resourceType":"Patient","maritalStatus":{}})", "Patient.maritalStatus", IssueCode::structure, "must not be empty"},
    {R"({"resourceType":"Patient","name":[{"text":""}]})", "Patient.name[0].text", IssueCode::value, "must not be empty"},
    {R"({"resourceType":"Patient","name":[{"text":" "}]})", "Patient.name[0].text", IssueCode::value, "white space only", 1, 43},
    {R"({"resourceType":"Patient","name":[{"given":["a"," \t\r\u000a"]}]})", "Patient.name[0].given[1]", IssueCode::value,
     "white space only"},
    {R"({"resourceType":"Patient","gender":" "})", "Patient.gender", IssueCode::value, "white space only"},
    {R"({"resourceType":"Patient","birthDate":"2020","_birthDate":{}})", "Patient.birthDate", IssueCode::structure,
     "must not be empty"},
    // null
    {R"({"resourceType":"Patient","birthDate":null})", "Patient.birthDate", IssueCode::structure, "null"},
    {R"({"resourceType":"Patient","maritalStatus":null})", "Patient.maritalStatus", IssueCode::structure, "null"},
    {R"({"resourceType":"Patient","name":[null]})", "Patient.name[0]", IssueCode::structure, "null"},
    {R"({"resourceType":"Patient","name":[{"given":["a",null]}]})", "Patient.name[0].given[1]", IssueCode::structure,
     "null here needs"},
    {R"({"resourceType":"Patient","name":[{"given":["a",null],"_given":[{"id":"i"},null]}]})", "Patient.name[0].given[1]",
     IssueCode::structure, "null here needs"},
    {R"({"resourceType":"Patient","birthDate":"2020","_birthDate":null})", "Patient.birthDate", IssueCode::structure, "null"},
    // cardinality
    {R"({"resourceType":"Observation","code":{"text":"x"}})", "Observation", IssueCode::required, "Observation needs status", 1,
     1},
    {R"({"resourceType":"Patient","link":[{"type":"refer"}]})", "Patient.link[0]", IssueCode::required,
     "Patient.link needs other", 1, 35},
    {R"({"resourceType":"MedicationRequest","status":"draft","intent":"plan","subject":{"reference":"Patient/1"}})",
     "MedicationRequest", IssueCode::required, "needs medication[x]"},
    {R"({"resourceType":"Patient","text":{"status":"empty","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>","_div":{"extension":[{"url":"urn:a","valueCode":"c"}]}}})",
     "Patient.text", IssueCode::structure, "'_div'"},
    // choices and duplicates
    {R"({"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2020"})", "Patient", IssueCode::structure,
     "deceased[x] has one type only, but stands here as boolean and as dateTime", 1, 50},
    {R"({"resourceType":"Patient","deceasedBoolean":true,"_deceasedDateTime":{"id":"x"}})", "Patient", IssueCode::structure,
     "deceased[x]"},
    {R"({"resourceType":"Patient","active":true,"active":true})", "Patient", IssueCode::structure, "'active' stands here twice",
     1, 41},
    {R"({"resourceType":"Patient","active":true,"a\u0063tive":true})", "Patient", IssueCode::structure,
     "'active' stands here twice"},
    {R"({"resourceType":"Patient","_active":{"id":"a"},"_active":{"id":"b"}})", "Patient", IssueCode::structure,
     "'_active' stands here twice"},
    {R"({"resourceType":"Patient","resourceType":"Patient"})", "Patient", IssueCode::structure, "resourceType stands here twice"},
    // resource types
    {R"({"id":"a"})", "", IssueCode::required, "resourceType", 1, 1},
    {R"({})", "", IssueCode::required, "resourceType"},
    {R"({"resourceType":1})", "", IssueCode::structure, "resourceType is a string"},
    {R"({"resourceType":"Patent"})", "", IssueCode::value, "no resource type 'Patent'", 1, 17},
    {R"({"resourceType":"HumanName"})", "", IssueCode::value, "no resource type 'HumanName'"},
    {R"({"resourceType":"DomainResource"})", "", IssueCode::value, "abstract"},
    {R"({"resourceType":"Patient","contained":[{"id":"a"}]})", "Patient.contained[0]", IssueCode::required, "resourceType"},
    {R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Resource"}}]})",
     "Bundle.entry[0].resource", IssueCode::value, "abstract"},
    {R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","nam":1}}]})",
     "Bundle.entry[0].resource", IssueCode::structure, "Patient has no member 'nam'"},
    {R"({"resourceType":"Parameters","parameter":[{"name":"a","resource":{"resourceType":"Patient","gender":""}}]})",
     "Parameters.parameter[0].resource.gender", IssueCode::value, "empty"},
    {R"({"resourceType":"ValueSet","status":"draft","compose":{"include":[{"system":"urn:a"}],"exclude":[{"system":"urn: a"}]}})",
     "ValueSet.compose.exclude[0].system", IssueCode::value, "uri"},
    {R"([])", "", IssueCode::structure, "A resource is a JSON object, not an array", 1, 1},
    {R"("Patient")", "", IssueCode::structure, "not a string"},
    {R"( null )", "", IssueCode::structure, "not null", 1, 2},
    // primitives
    {R"({"resourceType":"Patient","id":"a b"})", "Patient.id", IssueCode::value, "'a b' is not a valid id"},
    {R"({"resourceType":"Patient","birthDate":"2021-02-29"})", "Patient.birthDate", IssueCode::value, "valid date"},
    {R"({"resourceType":"Patient","gender":" male"})", "Patient.gender", IssueCode::value, "valid code"},
    {R"({"resourceType":"Patient","name":[{"text":"a\u0000b"}]})", "Patient.name[0].text", IssueCode::value,
     "control characters"},
    {R"({"resourceType":"Patient","multipleBirthInteger":1.0})", "Patient.multipleBirth", IssueCode::value, "'1.0'"},
    {R"({"resourceType":"Patient","multipleBirthInteger":2147483648})", "Patient.multipleBirth", IssueCode::value, "2147483648"},
    {R"({"resourceType":"Patient","photo":[{"data":"YWJj","size":-1}]})", "Patient.photo[0].size", IssueCode::value,
     "unsignedInt"},
    {R"({"resourceType":"Patient","photo":[{"data":"YWJ"}]})", "Patient.photo[0].data", IssueCode::value, "base64"},
};

// Each text is accepted.
const char* const accepted[] = {
    R"({"resourceType":"Patient"})",
    R"({"id":"a","resourceType":"Patient"})",
    R"({"active":true,"name":[{"text":"x"}],"resourceType":"Patient"})",
    R"({"resource\u0054ype":"\u0050atient"})",
    "\xef\xbb\xbf{\"resourceType\":\"Patient\"}",
    " \t\r\n{ \"resourceType\" : \"Patient\" } \n",
    R"({"resourceType":"Patient","_birthDate":{"extension":[{"url":"urn:a","valueCode":"b"}]}})",
    R"({"resourceType":"Patient","_birthDate":{"id":"x"},"birthDate":"2020-02-29"})",
    R"({"resourceType":"Patient","name":[{"given":["a",null,"c"],"_given":[null,{"id":"x"},{"id":"y"}]}]})",
    R"({"resourceType":"Patient","name":[{"_given":[{"id":"x"}]}]})",
    R"({"resourceType":"Patient","name":[{"given":["a","b"],"_given":[{"id":"x"}]}]})",
    R"({"resourceType":"Patient","name":[{"given":["a"],"_given":[null,{"id":"x"}]}]})",
    R"({"resourceType":"Patient","contained":[{"id":"a","active":true,"resourceType":"Patient"}]})",
    R"({"resourceType":"Patient","name":[{"text":" x\n"}]})",
    R"({"resourceType":"Patient","name":[{"text":"\u00a0"}]})",
    R"({"resourceType":"Patient","name":[{"text":"\ud83d\ude00\t\n\r"}]})",
    R"({"resourceType":"Patient","_id":{"id":"a"}})",
    R"({"resourceType":"ExampleScenario","status":"draft","instance":[{"resourceId":"a","resourceType":"Patient"}]})",
    R"({"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"1","type":"group","item":[{"linkId":"2","type":"display"}]}]})",
    R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":-1.50E+2}})",
};

}  // namespace

TEST_CASE("each fault is named with its place") {
  for (const Row& row : single_faults) {
    CAPTURE(row.json);
    const auto result = formats::read_json(row.json, model::r4());
    tests::check_nodes(result.tree, result.ok());
    CHECK(!result.malformed);
    REQUIRE(result.issues.size() == 1);
    const auto& issue = *result.issues.begin();
    CHECK(issue.severity == model::Severity::error);
    CHECK(issue.expression == row.expression);
    CHECK(model::code_text(issue.code) == model::code_text(row.code));
    CHECK_THAT(issue.diagnostics, Catch::Contains(row.says));
    CHECK(issue.line >= 1);
    CHECK(issue.column >= 1);
    if (row.line) CHECK(issue.line == row.line);
    if (row.column) CHECK(issue.column == row.column);
  }
}

TEST_CASE("legal forms are accepted") {
  for (const char* json : accepted) {
    CAPTURE(json);
    const auto result = formats::read_json(json, model::r4());
    CHECK(tests::issue_lines(result.issues) == std::vector<std::string>());
    CHECK(result.tree.source() == tests::minified(json));
    tests::check_nodes(result.tree, result.ok());
  }
}

TEST_CASE("all faults of a resource are reported in one pass, in the text's order") {
  const auto result = formats::read_json(R"({
  "gender": 5,
  "resourceType": "Patient",
  "name": [ { "given": "x", "given": ["y"] }, { "period": { "start": "2020-13" } } ],
  "colour": "red",
  "link": [ { "other": { "reference": "" } } ],
  "birthDate": "yesterday"
})",
                                         model::r4());
  std::vector<std::string> places;
  for (const auto& issue : result.issues) {
    places.push_back(issue.expression + " " + std::to_string(issue.line) + ":" + std::to_string(issue.column));
  }
  CHECK(places == std::vector<std::string>{"Patient.gender 2:13", "Patient.name[0].given[0] 4:24", "Patient.name[0] 4:29",
                                           "Patient.name[1].period.start 4:70", "Patient 5:3", "Patient.link[0] 6:13",
                                           "Patient.link[0].other.reference 6:39", "Patient.birthDate 7:16"});
  CHECK(result.tree.root().type_name() == "Patient");
  CHECK(result.tree.root().child("name"));
}

TEST_CASE("faults beyond the limit are counted") {
  std::string json = R"({"resourceType":"Patient","name":[)";
  for (int i = 0; i < 1000; ++i) json += R"({"x":1},)";
  json.back() = ']';
  json += '}';
  formats::ReadLimits limits;
  limits.max_issues = 10;
  const auto result = formats::read_json(json, model::r4(), limits);
  REQUIRE(result.issues.size() == 11);
  CHECK(result.issues.list().back().diagnostics == "990 further faults are not listed");
  limits.max_issues = 0;
  CHECK(!formats::read_json(json, model::r4(), limits).ok());
}

TEST_CASE("warnings beyond the limit refuse nothing, and hide no fault") {
  std::string json = R"({"resourceType":"List","status":"current","mode":"working","contained":[)";
  const std::string remarked =
      R"({"resourceType":"Basic","code":{"text":"x"},"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x<img src=\"http://x.org/y.png\"/></div>"}})";
  for (int i = 0; i < 250; ++i) json += remarked + ",";
  json.back() = ']';
  const auto warned = formats::read_json(json + "}", model::r4());
  CHECK(warned.ok());
  REQUIRE(warned.issues.size() == 201);
  CHECK(warned.issues.list().back().diagnostics == "50 further warnings are not listed");
  const auto faulty = formats::read_json(json + R"(,"foo":1})", model::r4());
  CHECK(!faulty.ok());
  CHECK(std::any_of(faulty.issues.begin(), faulty.issues.end(), [](const model::Issue& issue) {
    return issue.severity == model::Severity::error && issue.diagnostics.find("'foo'") != std::string::npos;
  }));
}

TEST_CASE("a client's long text is cut in diagnostics, between characters") {
  std::string name;
  for (int i = 0; i < 1000; ++i) name += "\xc3\xa4";
  const auto result = formats::read_json("{\"resourceType\":\"Patient\",\"x" + name + "\":1}", model::r4());
  REQUIRE(result.issues.size() == 1);
  const auto& text = result.issues.begin()->diagnostics;
  CHECK(text.size() < 200);
  std::string json;
  formats::append_string(json, text);
  CHECK(json.find("\xef\xbf\xbd") == std::string::npos);
}
