// Subsets: what _summary and _elements keep, row by row, and on every official example.

#include "resources-gen/formats/subset.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "tests/formats/support.h"
#include "tests/support/data.h"

namespace {

namespace json = boost::json;
using formats::Subset;

const std::string subsetted = R"({"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"})";

Subset kind(Subset::Kind which) { return {which, {}}; }
Subset of(std::string_view elements, std::string_view type) {
  return {Subset::Kind::elements, formats::read_elements(elements, model::r4(), model::r4().type(type)).names};
}

struct Row {
  const char* what;  // "true", "text", "data", or a list of elements
  const char* resource;
  const char* expected;  // @: the tag; !: unchanged
};

// clang-format off
const Row rows[] = {
    // What is not marked isSummary goes; what is left is as it was written.
    {"true", R"({"resourceType":"Patient","id":"a","text":{"status":"generated","div":"x"},"birthDate":"1970","photo":[{"url":"u"}]})",
     R"({"resourceType":"Patient","id":"a","meta":{"tag":[@]},"birthDate":"1970"})"},
    {"true", R"({"resourceType":"Patient","id":"a","birthDate":"1970"})", "!"},
    {"true", R"({"resourceType":"Patient","language":"de"})", R"({"resourceType":"Patient","meta":{"tag":[@]}})"},
    {"true", R"({"language":"de","id":"a","resourceType":"Patient","active":true})", R"({"id":"a","meta":{"tag":[@]},"resourceType":"Patient","active":true})"},
    // The tag joins other tags, and is there once.
    {"true", R"({"resourceType":"Patient","meta":{"versionId":"1","tag":[{"code":"x"}]},"language":"de"})",
     R"({"resourceType":"Patient","meta":{"versionId":"1","tag":[{"code":"x"},@]}})"},
    {"true", R"({"resourceType":"Patient","meta":{"versionId":"1"},"language":"de"})", R"({"resourceType":"Patient","meta":{"versionId":"1","tag":[@]}})"},
    {"true", R"({"resourceType":"Patient","meta":{"tag":[{"code":"SUBSETTED","display":"d","system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue"}]},"language":"de"})",
     R"({"resourceType":"Patient","meta":{"tag":[{"code":"SUBSETTED","display":"d","system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue"}]}})"},
    {"true", R"({"resourceType":"Patient","meta":{"tag":[{"system":"urn:other","code":"SUBSETTED"}]},"language":"de"})",
     R"({"resourceType":"Patient","meta":{"tag":[{"system":"urn:other","code":"SUBSETTED"},@]}})"},
    {"true", R"({"resourceType":"Patient","meta":{"t\u0061g":[{"c\u006fde":"SUBSE\u0054TED","system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue"}]},"language":"de"})",
     R"({"resourceType":"Patient","meta":{"t\u0061g":[{"c\u006fde":"SUBSE\u0054TED","system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue"}]}})"},
    // Below the top too: Attachment.data is no part of a summary, Attachment.url is.
    {"true", R"({"resourceType":"Media","status":"completed","content":{"id":"c","contentType":"image/png","data":"AAAA"}})",
     R"({"resourceType":"Media","meta":{"tag":[@]},"status":"completed","content":{"contentType":"image/png"}})"},
    // What is mandatory and would be left empty stays as it is.
    {"true", R"({"resourceType":"Media","status":"completed","content":{"data":"AAAA"}})", "!"},
    // What is not mandatory and would be left empty goes.
    {"true", R"({"resourceType":"Patient","maritalStatus":{"text":"x"},"name":[{"id":"x"},{"family":"y"}],"telecom":[{"id":"z"}]})",
     R"({"resourceType":"Patient","meta":{"tag":[@]},"name":[{"family":"y"}]})"},
    // Mandatory elements that are not in the summary: CapabilityStatement.rest.mode is, Patient.communication.language goes with communication.
    {"true", R"({"resourceType":"Patient","communication":[{"language":{"text":"x"}}]})", R"({"resourceType":"Patient","meta":{"tag":[@]}})"},
    // Modifier elements stay, with all that they say.
    {"true", R"({"resourceType":"Patient","modifierExtension":[{"url":"urn:m","valueString":"v"}],"extension":[{"url":"urn:e","valueString":"v"}]})",
     R"({"resourceType":"Patient","meta":{"tag":[@]},"modifierExtension":[{"url":"urn:m","valueString":"v"}]})"},
    {"true", R"({"resourceType":"Patient","implicitRules":"urn:r","language":"de"})", R"({"resourceType":"Patient","meta":{"tag":[@]},"implicitRules":"urn:r"})"},
    {"true", R"({"resourceType":"Patient","link":[{"modifierExtension":[{"url":"urn:m","valueString":"v"}],"other":{"display":"d"},"type":"refer"}]})", "!"},
    // A primitive's id and extensions go, unless they stand in its place.
    {"true", R"({"resourceType":"Patient","birthDate":"1970","_birthDate":{"extension":[{"url":"urn:t","valueString":"8"}]}})",
     R"({"resourceType":"Patient","meta":{"tag":[@]},"birthDate":"1970"})"},
    {"true", R"({"resourceType":"Patient","_birthDate":{"extension":[{"url":"urn:why","valueCode":"unknown"}]}})", "!"},
    {"true", R"({"resourceType":"Patient","name":[{"given":["a",null],"_given":[null,{"id":"g"}]}]})", "!"},
    {"true", R"({"resourceType":"Patient","name":[{"_given":[{"id":"f"},{"id":"g"}],"given":["a","b"]}]})",
     R"({"resourceType":"Patient","meta":{"tag":[@]},"name":[{"given":["a","b"]}]})"},
    // Numbers as they were written, strings with their escapes.
    {"true", R"({"resourceType":"Observation","status":"final","code":{"text":"\u00fc\"}{"},"valueQuantity":{"value":1.50E+2},"note":[{"text":"]"}]})",
     R"({"resourceType":"Observation","meta":{"tag":[@]},"status":"final","code":{"text":"\u00fc\"}{"},"valueQuantity":{"value":1.50E+2}})"},
    // Contained resources are not in a summary.
    {"true", R"({"resourceType":"Observation","contained":[{"resourceType":"Patient","id":"p"}],"status":"final","code":{"text":"t"}})",
     R"({"resourceType":"Observation","meta":{"tag":[@]},"status":"final","code":{"text":"t"}})"},
    // Resources in a Bundle are reduced each for itself, and tagged.
    {"true", R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{"language":"de","resourceType":"Patient","active":true}},{"resource":{"resourceType":"Basic","code":{"text":"c"}}}]})",
     R"({"resourceType":"Bundle","meta":{"tag":[@]},"type":"collection","entry":[{"resource":{"resourceType":"Patient","meta":{"tag":[@]},"active":true}},{"resource":{"resourceType":"Basic","code":{"text":"c"}}}]})"},
    {"true", R"({"resourceType":"Parameters","parameter":[{"name":"a","part":[{"name":"b","resource":{"resourceType":"Patient","language":"de"}}]}]})",
     R"({"resourceType":"Parameters","meta":{"tag":[@]},"parameter":[{"name":"a","part":[{"name":"b","resource":{"resourceType":"Patient","meta":{"tag":[@]}}}]}]})"},
    {"true", R"({"resourceType":"Binary","contentType":"text/plain","data":"AAAA"})", R"({"resourceType":"Binary","meta":{"tag":[@]},"contentType":"text/plain"})"},

    {"text", R"({"resourceType":"Observation","id":"o","meta":{"source":"urn:s"},"text":{"status":"generated","div":"x"},"language":"de","status":"final","code":{"id":"c","text":"t"},"valueString":"v"})",
     R"({"resourceType":"Observation","id":"o","meta":{"source":"urn:s","tag":[@]},"text":{"status":"generated","div":"x"},"status":"final","code":{"id":"c","text":"t"}})"},
    {"text", R"({"resourceType":"Patient","id":"o","text":{"status":"generated","div":"x"},"implicitRules":"urn:r","modifierExtension":[{"url":"urn:m","valueCode":"c"}]})", "!"},
    {"text", R"({"resourceType":"Patient","active":true,"contained":[{"resourceType":"Patient","id":"c"}]})", R"({"resourceType":"Patient","meta":{"tag":[@]}})"},
    {"text", R"({"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:x"}]})", R"({"resourceType":"Bundle","meta":{"tag":[@]},"type":"collection"})"},

    {"data", R"({"resourceType":"Patient","text":{"status":"generated","div":"x"},"contained":[{"resourceType":"Basic","id":"b","text":{"status":"generated","div":"x"},"code":{"text":"c"}}],"active":true})",
     R"({"resourceType":"Patient","meta":{"tag":[@]},"contained":[{"resourceType":"Basic","id":"b","text":{"status":"generated","div":"x"},"code":{"text":"c"}}],"active":true})"},
    {"data", R"({"resourceType":"Patient","id":"a","name":[{"text":"t"}]})", "!"},
    {"data", R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","text":{"status":"generated","div":"x"}}}]})", "!"},

    {"name", R"({"resourceType":"Patient","id":"a","active":true,"name":[{"id":"x","text":"t"}],"gender":"male","_gender":{"id":"g"}})",
     R"({"resourceType":"Patient","id":"a","meta":{"tag":[@]},"active":true,"name":[{"id":"x","text":"t"}]})"},
    {"gender,birthDate", R"({"resourceType":"Patient","gender":"male","_gender":{"id":"g"},"_birthDate":{"id":"b"}})", "!"},
    {"value", R"({"resourceType":"Observation","status":"final","code":{"text":"t"},"valueQuantity":{"value":1.0},"issued":"2020-01-01T00:00:00Z"})",
     R"({"resourceType":"Observation","meta":{"tag":[@]},"status":"final","code":{"text":"t"},"valueQuantity":{"value":1.0}})"},
    {"valueString,effective[x]", R"({"resourceType":"Observation","status":"final","code":{"text":"t"},"valueString":"v","effectiveDateTime":"2020"})", "!"},
    {"text", R"({"resourceType":"Patient","id":"a"})", "!"},
    {"contained,extension", R"({"resourceType":"Patient","contained":[{"resourceType":"Patient","id":"c","gender":"male"}],"extension":[{"url":"urn:e"}],"language":"de"})",
     R"({"resourceType":"Patient","meta":{"tag":[@]},"contained":[{"resourceType":"Patient","id":"c","gender":"male"}],"extension":[{"url":"urn:e"}]})"},
};
// clang-format on

std::string filled(std::string text) {
  for (auto at = text.find('@'); at != std::string::npos; at = text.find('@')) text.replace(at, 1, subsetted);
  return text;
}

Subset wanted(const std::string& what, std::string_view type) {
  if (const auto named = formats::summary_kind(what)) return kind(*named);
  return of(what, type);
}

}  // namespace

TEST_CASE("subsets, row by row") {
  for (const Row& row : rows) {
    CAPTURE(row.what, row.resource);
    const std::string resource(row.resource);
    const auto type = json::parse(resource).at("resourceType").as_string();
    const std::string expected = *row.expected == '!' ? resource : filled(row.expected);
    const auto asked = wanted(row.what, std::string(type));
    CHECK(formats::subset(resource, model::r4(), asked) == expected);
    CHECK(formats::subset(expected, model::r4(), asked) == expected);  // there is nothing left to take away
    CHECK(formats::subset(resource, model::r4(), kind(Subset::Kind::whole)) == resource);
  }
}

TEST_CASE("a list for several types is taken type by type") {
  const auto list = formats::read_elements("Patient.name,status,Observation.code", model::r4(), model::no_type);
  CHECK(list.unknown.empty());
  CHECK(list.applied == "Patient.name,status,Observation.code");
  const Subset asked{Subset::Kind::elements, list.names};
  CHECK(formats::subset(R"({"resourceType":"Patient","name":[{"text":"t"}],"gender":"male"})", model::r4(), asked) ==
        filled(R"({"resourceType":"Patient","meta":{"tag":[@]},"name":[{"text":"t"}]})"));
  CHECK(formats::subset(R"({"resourceType":"Organization","name":"n","telecom":[{"value":"v"}]})", model::r4(), asked) ==
        filled(R"({"resourceType":"Organization","meta":{"tag":[@]}})"));
  CHECK(formats::subset(R"({"resourceType":"Encounter","status":"planned","class":{"code":"c"}})", model::r4(), asked) ==
        R"({"resourceType":"Encounter","status":"planned","class":{"code":"c"}})");
}

TEST_CASE("lists of elements are read, and what is no element is said") {
  struct {
    const char* value;
    const char* type;
    const char* applied;
    std::size_t unknown;
  } const lists[] = {
      {"name", "Patient", "name", 0},
      {" name , gender ", "Patient", "", 2},  // names have no spaces
      {"name,name,Patient.name", "Patient", "name", 0},
      {"deceasedBoolean,deceased[x],deceased", "Patient", "deceased", 0},
      {"deceasedString", "Patient", "", 1},
      {"name[x]", "Patient", "", 1},
      {"name.given,name.family", "Patient", "name", 2},
      {"Patient.name.given", "Patient", "name", 1},
      {"Observation.code", "Patient", "", 1},
      {"Patient", "Patient", "", 1},
      {"Patient.", "Patient", "", 1},
      {"Nothing.name", "Patient", "", 1},
      {",,", "Patient", "", 0},
      {"id,meta,text,extension,modifierExtension,language,implicitRules,contained", "Patient",
       "id,meta,text,extension,modifierExtension,language,implicitRules,contained", 0},
      {"resourceType,_name", "Patient", "", 2},
      {"colour", "", "", 1},
      {"Patient.colour,Patient.status,gender", "", "gender", 2},
  };
  for (const auto& row : lists) {
    CAPTURE(row.value);
    const auto list = formats::read_elements(row.value, model::r4(), *row.type ? model::r4().type(row.type) : model::no_type);
    CHECK(list.applied == row.applied);
    CHECK(list.unknown.size() == row.unknown);
  }
  const auto endless = formats::read_elements(
      std::string(200'000, 'x') + std::string(200'000, ',') +
          [] {
            std::string text;
            for (int i = 0; i < 50'000; ++i) text += "u" + std::to_string(i) + ",name,";
            return text;
          }(),
      model::r4(), model::r4().type("Patient"));
  CHECK(endless.applied == "name");
  CHECK(endless.unknown.size() <= 20);
  CHECK(endless.unknown[0].size() < 200);
}

TEST_CASE("a resource that is tagged as incomplete is known by it") {
  const auto tagged = [](const char* meta) {
    const auto read = formats::read_json(std::string(R"({"resourceType":"Patient","meta":)") + meta + "}", model::r4());
    REQUIRE(read.ok());
    const auto found = formats::subsetted_tag(read.tree.root());
    return found ? found.path() : std::string();
  };
  CHECK(tagged(R"({"source":"urn:x"})").empty());
  CHECK(tagged(R"({"tag":[{"code":"SUBSETTED"}]})").empty());
  CHECK(tagged(R"({"security":[{"code":"SUBSETTED","system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue"}]})")
            .empty());
  CHECK(
      tagged(
          R"({"tag":[{"code":"x"},{"code":"SUBSETTED","system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue"}]})") ==
      "Patient.meta.tag[1]");
}

namespace {

// Fails unless every element that R4 has at the top of this resource, mandatory or modifying, and that stood in it stands in
// the subset, equal but for what a summary takes from within; and unless nothing stands there that was not there before.
void check_top(const json::object& whole, const json::object& part, const model::Schema& schema, bool shallow) {
  const auto type = schema.resource_type(std::string(whole.at("resourceType").as_string()));
  for (const auto& [name, value] : whole) {
    if (name == "resourceType" || name == "id") {
      CHECK(part.at(name) == value);
      continue;
    }
    if (name == "meta") continue;
    std::string_view base = name;
    if (base.starts_with('_')) base.remove_prefix(1);
    const auto child = schema.child(schema.types[type].root, base);
    REQUIRE(child.element != model::no_element);
    const auto& row = schema.elements[child.element];
    const bool kept = part.contains(name) || (name.starts_with("_") && part.contains(base));
    INFO(std::string(name));
    if (row.min > 0) CHECK(kept);
    if (shallow && part.contains(name)) CHECK(part.at(name) == value);
  }
  for (const auto& [name, value] : part) CHECK((name == "meta" || whole.contains(name)));
}

}  // namespace

TEST_CASE("subsets of every official example are whole resources, tagged, and have all that is mandatory") {
  const auto folder = tests::official_data("r4-examples-json");
  if (!folder) return;
  const auto& schema = model::r4();
  std::size_t reduced = 0, unchanged = 0;
  for (const auto& path : tests::files_of(*folder, ".json")) {
    const auto read = formats::read_json(tests::file_text(path), schema);
    if (!read.ok()) continue;
    const std::string whole(read.tree.source());
    const auto type = read.tree.root().type_name();
    const auto before = json::parse(whole, {}, {.max_depth = 200}).as_object();
    for (const char* what : {"true", "text", "data", "name,status,value[x]"}) {
      INFO(path.filename().string() << " " << what);
      const auto asked = wanted(what, type);
      const auto part = formats::subset(whole, schema, asked);
      if (part == whole) {
        ++unchanged;
        continue;
      }
      ++reduced;
      const auto again = formats::read_json(part, schema);
      INFO(part.substr(0, 2000));
      CHECK(again.ok());
      if (!again.ok()) continue;
      CHECK(again.tree.source() == part);
      CHECK(formats::subsetted_tag(again.tree.root()));
      CHECK(formats::subset(part, schema, asked) == part);
      CHECK(part.size() < whole.size() + 150);
      check_top(before, json::parse(part, {}, {.max_depth = 200}).as_object(), schema, std::string_view(what) != "true");
    }
  }
  CHECK(reduced > 6000);
  CHECK(unchanged > 100);
}
