// FHIRPath Patch: rows of our own. R4 fhirpatch.html.

#include <catch2/catch.hpp>

#include "tests/patch/support.h"

namespace {

// {"add", path, name, value members} ... as the parts of one operation.
std::string operation(std::string_view type, std::string_view path, std::string_view rest = {}) {
  return R"({"name":"operation","part":[{"name":"type","valueCode":")" + std::string(type) +
         R"("},{"name":"path","valueString":")" + std::string(path) + "\"}" + (rest.empty() ? "" : ",") + std::string(rest) +
         "]}";
}

std::string parameters(const std::string& operations) {
  return R"({"resourceType":"Parameters")" + (operations.empty() ? "" : ",\"parameter\":[" + operations + "]") + "}";
}

struct Row {
  std::string_view about;
  std::string_view resource;  // without resourceType: a Patient's or an Observation's members
  std::string patch;
  std::string_view result;  // "! ...": its reason contains that
};

const Row rows[] = {
    {"a decimal elsewhere keeps its text", R"("extension":[{"url":"urn:e","valueDecimal":1.50}],"active":true)",
     operation("replace", "Patient.active", R"({"name":"value","valueBoolean":false})"),
     R"("extension":[{"url":"urn:e","valueDecimal":1.50}],"active":false)"},
    {"and the one put there too", R"("active":true)",
     operation(
         "add", "Patient",
         R"({"name":"name","valueString":"extension"},{"name":"value","part":[{"name":"url","valueUri":"urn:e"},{"name":"value","valueDecimal":1.500E1}]})"),
     R"("active":true,"extension":[{"url":"urn:e","valueDecimal":1.500E1}])"},
    {"a choice by its FHIRPath name", R"("active":true)",
     operation("add", "Patient", R"({"name":"name","valueString":"deceased"},{"name":"value","valueBoolean":false})"),
     R"("active":true,"deceasedBoolean":false)"},
    {"a choice by its JSON name", R"("active":true)",
     operation("add", "Patient", R"({"name":"name","valueString":"deceasedDateTime"},{"name":"value","valueDateTime":"2020"})"),
     R"("active":true,"deceasedDateTime":"2020")"},
    {"a choice of another type: the old one goes", R"("deceasedBoolean":true,"active":true)",
     operation("replace", "Patient.deceased", R"({"name":"value","valueDateTime":"2020"})"),
     R"("deceasedDateTime":"2020","active":true)"},
    {"a type that the choice has not", R"("active":true)",
     operation("add", "Patient", R"({"name":"name","valueString":"deceased"},{"name":"value","valueQuantity":{"value":1}})"),
     "! takes no Quantity"},
    {"a complex type in another's place", R"("active":true)",
     operation("add", "Patient", R"({"name":"name","valueString":"name"},{"name":"value","valueIdentifier":{"value":"1"}})"),
     "! takes no Identifier"},
    {"an unknown element", R"("active":true)",
     operation("add", "Patient", R"({"name":"name","valueString":"hat"},{"name":"value","valueBoolean":true})"),
     "! has no element 'hat'"},
    {"what may be there once is there", R"("active":true)",
     operation("add", "Patient", R"({"name":"name","valueString":"active"},{"name":"value","valueBoolean":true})"),
     "! is there already"},
    {"an extension of a primitive", R"("birthDate":"1970")",
     operation(
         "add", "Patient.birthDate",
         R"({"name":"name","valueString":"extension"},{"name":"value","part":[{"name":"url","valueUri":"urn:e"},{"name":"valueCode","valueCode":"x"}]})"),
     R"("birthDate":"1970","_birthDate":{"extension":[{"url":"urn:e","valueCode":"x"}]})"},
    {"and of one in a list", R"("name":[{"given":["A","B"]}])",
     operation("add", "Patient.name.given[1]", R"({"name":"name","valueString":"id"},{"name":"value","valueString":"b"})"),
     R"("name":[{"given":["A","B"],"_given":[null,{"id":"b"}]}])"},
    {"and of the first of a list, whose places both arrays have", R"("name":[{"given":["A","B"]}])",
     operation("add", "Patient.name.given[0]", R"({"name":"name","valueString":"id"},{"name":"value","valueString":"a"})"),
     R"("name":[{"given":["A","B"],"_given":[{"id":"a"},null]}])"},
    {"deleting the last of it", R"("birthDate":"1970","_birthDate":{"extension":[{"url":"urn:e","valueCode":"x"}]})",
     operation("delete", "Patient.birthDate.extension"), R"("birthDate":"1970")"},
    {"deleting a primitive takes its extension too", R"("birthDate":"1970","_birthDate":{"id":"x"},"active":true)",
     operation("delete", "Patient.birthDate"), R"("active":true)"},
    {"deleting an item takes its twin", R"("name":[{"given":["A","B","C"],"_given":[null,{"id":"b"},{"id":"c"}]}])",
     operation("delete", "Patient.name.given[1]"), R"("name":[{"given":["A","C"],"_given":[null,{"id":"c"}]}])"},
    {"what is left empty goes too", R"("active":true,"contact":[{"name":{"period":{"start":"2020"}}}])",
     operation("delete", "Patient.contact.name.period.start"), R"("active":true)"},
    {"deleting what is not there", R"("active":true)", operation("delete", "Patient.birthDate"), R"("active":true)"},
    {"deleting several", R"("name":[{"family":"A"},{"family":"B"}])", operation("delete", "Patient.name"),
     "! leads to 2 elements"},
    {"deleting the whole", R"("active":true)", operation("delete", "Patient"), "! the whole resource"},
    {"replacing what is not there", R"("active":true)",
     operation("replace", "Patient.birthDate", R"({"name":"value","valueDate":"1970"})"), "! leads to 0 elements"},
    {"replacing an item and its twin", R"("name":[{"given":["A","B"],"_given":[{"id":"a"},{"id":"b"}]}])",
     operation("replace", "Patient.name.given[1]", R"({"name":"value","valueString":"X"})"),
     R"("name":[{"given":["A","X"],"_given":[{"id":"a"},null]}])"},
    {"a value that is an extension only", R"("birthDate":"1970")",
     operation("replace", "Patient.birthDate",
               R"({"name":"value","_valueDate":{"extension":[{"url":"urn:e","valueCode":"unknown"}]}})"),
     R"("_birthDate":{"extension":[{"url":"urn:e","valueCode":"unknown"}]})"},
    {"an item added without a twin has null in its place", R"("name":[{"given":["A"],"_given":[{"id":"a"}]}])",
     operation("insert", "Patient.name.given", R"({"name":"index","valueInteger":1},{"name":"value","valueString":"B"})"),
     R"("name":[{"given":["A","B"],"_given":[{"id":"a"},null]}])"},
    {"insert keeps twins in step", R"("name":[{"given":["A","B"],"_given":[null,{"id":"b"}]}])",
     operation("insert", "Patient.name.given", R"({"name":"index","valueInteger":1},{"name":"value","valueString":"X"})"),
     R"("name":[{"given":["A","X","B"],"_given":[null,null,{"id":"b"}]}])"},
    {"insert at the end", R"("name":[{"family":"A"}])",
     operation("insert", "Patient.name", R"({"name":"index","valueInteger":1},{"name":"value","valueHumanName":{"family":"B"}})"),
     R"("name":[{"family":"A"},{"family":"B"}])"},
    {"insert beyond the end", R"("name":[{"family":"A"}])",
     operation("insert", "Patient.name", R"({"name":"index","valueInteger":2},{"name":"value","valueHumanName":{"family":"B"}})"),
     "! nothing can be inserted at 2"},
    {"insert into a part of a list", R"("name":[{"family":"A"},{"family":"B"}])",
     operation("insert", "Patient.name.where(family='A')",
               R"({"name":"index","valueInteger":0},{"name":"value","valueHumanName":{"family":"B"}})"),
     "! does not lead to a list"},
    {"insert where there is no list", R"("active":true)",
     operation("insert", "Patient.active", R"({"name":"index","valueInteger":0},{"name":"value","valueBoolean":true})"),
     "! does not lead to a list"},
    {"move keeps twins in step", R"("name":[{"given":["A","B","C"],"_given":[{"id":"a"}]}])",
     operation("move", "Patient.name.given", R"({"name":"source","valueInteger":0},{"name":"destination","valueInteger":2})"),
     R"("name":[{"given":["B","C","A"],"_given":[null,null,{"id":"a"}]}])"},
    {"move from nowhere", R"("name":[{"family":"A"}])",
     operation("move", "Patient.name", R"({"name":"source","valueInteger":1},{"name":"destination","valueInteger":0})"),
     "! there is none at 1"},
    {"an anonymous type, with a list and a choice within", R"("active":true)",
     operation(
         "add", "Patient",
         R"({"name":"name","valueString":"contact"},{"name":"value","part":[{"name":"relationship","valueCodeableConcept":{"text":"a"}},{"name":"relationship","valueCodeableConcept":{"text":"b"}},{"name":"gender","valueCode":"male","_valueCode":{"id":"g"}},{"name":"extension","part":[{"name":"url","valueUri":"urn:e"},{"name":"value","valueDecimal":2.0}]}]})"),
     R"("active":true,"contact":[{"relationship":[{"text":"a"},{"text":"b"}],"gender":"male","_gender":{"id":"g"},"extension":[{"url":"urn:e","valueDecimal":2.0}]}])"},
    {"an anonymous type left empty", R"("active":true)",
     operation("add", "Patient",
               R"({"name":"name","valueString":"contact"},{"name":"value","part":[{"name":"x","valueCode":"y"}]})"),
     "! has no element 'x'"},
    {"each operation sees those before it", R"("active":true)",
     operation("add", "Patient", R"({"name":"name","valueString":"name"},{"name":"value","valueHumanName":{"family":"A"}})") +
         "," + operation("replace", "Patient.name.where(family = 'A').family", R"({"name":"value","valueString":"B"})") + "," +
         operation("delete", "Patient.active"),
     R"("name":[{"family":"B"}])"},
    {"a path that no Patient has", R"("active":true)", operation("delete", "Patient.hat"), "! the path cannot be followed"},
    {"a path that is no path", R"("active":true)", operation("delete", "Patient.active &"), "! the path is no FHIRPath"},
    {"a path to a value", R"("active":true)", operation("delete", "1 + 1"), "! does not lead to elements"},
    {"a resource within", R"("contained":[{"resourceType":"Organization","id":"o","name":"x"}])",
     operation("replace", "Patient.contained[0].name", R"({"name":"value","valueString":"y"})"),
     R"("contained":[{"resourceType":"Organization","id":"o","name":"y"}])"},
    {"an operation of no known type", R"("active":true)", operation("remove", "Patient.active"),
     "! 'remove' is no type of operation"},
    {"a part that does not belong", R"("active":true)",
     operation("delete", "Patient.active", R"({"name":"index","valueInteger":0})"), "! the part 'index' is not for"},
    {"a part that nobody knows", R"("active":true)",
     operation("delete", "Patient.active", R"({"name":"pfad","valueString":"x"})"), "! 'pfad' is no part"},
    {"a part twice", R"("active":true)", operation("delete", "Patient.active", R"({"name":"path","valueString":"Patient.x"})"),
     "! the part 'path' stands there twice"},
    {"a part missing", R"("active":true)", operation("replace", "Patient.active"), "! an operation lacks its part 'value'"},
    {"an index below zero", R"("name":[{"family":"A"}])",
     operation("insert", "Patient.name",
               R"({"name":"index","valueInteger":-1},{"name":"value","valueHumanName":{"family":"B"}})"),
     "! must be an integer"},
    {"a parameter that is no operation", R"("active":true)", R"({"name":"x","valueCode":"y"})",
     "! a parameter must have the name 'operation'"},
};

}  // namespace

TEST_CASE("FHIRPath Patch: rows") {
  for (const auto& row : rows) {
    INFO(row.about << ": " << row.patch);
    const auto result =
        tests::fhirpath_patched(R"({"resourceType":"Patient",)" + std::string(row.resource) + "}", parameters(row.patch));
    if (row.result.starts_with('!')) {
      INFO(result);
      CHECK(result.starts_with("! FHIRPath Patch"));
      CHECK(result.find(row.result.substr(2)) != std::string::npos);
    } else {
      CHECK(result == R"({"resourceType":"Patient",)" + std::string(row.result) + "}");
    }
  }
}

TEST_CASE("FHIRPath Patch: every fault of the Parameters is named, each with its place") {
  const auto tree = tests::resource_tree(
      parameters(operation("remove", "Patient.active") + "," + operation("replace", "Patient.(") + R"(,{"name":"x"})"));
  const auto parsed = patch::parse_fhirpath_patch(tree);
  REQUIRE(!parsed);
  const auto failure = parsed.error();
  const auto& issues = failure.issues.list();
  REQUIRE(issues.size() == 4);
  CHECK(issues[0].expression == "Parameters.parameter[0]");
  CHECK(issues[1].expression == "Parameters.parameter[1]");
  CHECK(issues[3].expression == "Parameters.parameter[2]");
}

TEST_CASE("FHIRPath Patch: a path that costs much is refused as that") {
  const auto tree =
      tests::resource_tree(R"({"resourceType":"Patient","name":[{"text":")" + std::string(1 << 20, 'a') + R"("}]})");
  const auto patch = patch::parse_fhirpath_patch(
      tests::resource_tree(parameters(operation("delete", "Patient.name.where(text.replaceMatches('a(a*)b|a', 'c') = 'd')"))));
  REQUIRE(patch.has_value());
  const auto result = (*patch)->apply(tree);
  REQUIRE(!result.has_value());
  const auto failure = result.error();
  CHECK(failure.issues.begin()->code == model::IssueCode::too_costly);
  CHECK(failure.issues.begin()->diagnostics.find("too much work") != std::string::npos);
}

TEST_CASE("FHIRPath Patch: many operations on a large resource are refused in time") {
  std::string names, operations;
  for (int i = 0; i < 20'000; ++i) names += (i ? "," : "") + std::string(R"({"family":"A name of some length"})");
  for (int i = 0; i < 5'000; ++i)
    operations += (i ? "," : "") + operation("move", "Patient.name",
                                             R"({"name":"source","valueInteger":0},{"name":"destination","valueInteger":19999})");
  const auto result = tests::fhirpath_patched(R"({"resourceType":"Patient","name":[)" + names + "]}", parameters(operations));
  CHECK(result.find("too much work") != std::string::npos);
}
