// What the generator makes of HL7's definitions: how much, that it is the same each time, and rows picked out by hand.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <unistd.h>

#include "resources-gen/generator/emit.h"
#include "resources-gen/generator/generator.h"
#include "resources-gen/model/schema.h"

namespace {

const generator::Tables& tables() {
  static const generator::Tables all = generator::read_definitions(KILN_DEFINITIONS);
  return all;
}

std::map<std::string, long> counts() {
  std::map<std::string, long> out;
  std::istringstream lines(generator::summary(tables()));
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.find_last_of(' ');
    auto name = line.substr(0, space);
    while (!name.empty() && name.back() == ' ') name.pop_back();
    if (name != "FHIR") out[name] = std::stol(line.substr(space));
  }
  return out;
}

std::map<std::string, std::string> files_in(const std::filesystem::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    out[std::filesystem::relative(entry.path(), folder).string()] = text.str();
  }
  return out;
}

const model::ElementRow& element(std::string_view path) {
  const auto& schema = model::r4();
  for (const auto& row : schema.elements) {
    if (schema.text(row.path) == path) return row;
  }
  FAIL("no element " << path);
  return schema.elements[0];
}

const model::SearchParameterRow& parameter(std::string_view base, std::string_view code) {
  const auto& schema = model::r4();
  const auto type = schema.type(base);
  for (const auto& row : schema.search_parameters) {
    if (schema.text(row.code) != code) continue;
    for (const auto at : model::Schema::rows(schema.parameter_bases, row.bases)) {
      if (at == type) return row;
    }
  }
  FAIL("no parameter " << base << "." << code);
  return schema.search_parameters[0];
}

}  // namespace

TEST_CASE("the tables hold what HL7's 4.0.1 definitions do") {
  const std::map<std::string, long> expected = {
      {"resource kinds", 148},
      {"concrete resource types", 146},
      {"data types", 63},
      {"primitive types", 20},
      {"complex types", 43},
      {"elements", 7691},
      {"elements of resources", 7152},
      {"elements of data types", 539},
      {"content references", 55},
      {"choices", 186},
      {"summary elements", 3276},
      {"modifier elements", 905},
      {"constraint instances", 8944},
      {"constraint instances, error", 8767},
      {"constraint instances, warning", 177},
      {"constraints by key and expression", 241},
      {"bindings, required", 368},
      {"bindings, extensible", 151},
      {"bindings, preferred", 208},
      {"bindings, example", 455},
      {"bindings with a largest value set", 161},
      {"value sets required", 224},
      {"code sets", 220},
      {"codes", 2066},
      {"search parameters", 1375},
      {"search parameters, token", 536},
      {"search parameters, reference", 472},
      {"search parameters, string", 133},
      {"search parameters, date", 109},
      {"search parameters, composite", 46},
      {"search parameters, uri", 45},
      {"search parameters, quantity", 27},
      {"search parameters, number", 6},
      {"search parameters, special", 1},
      {"search parameters by base", 1706},
      {"compartments", 5},
      {"compartment Device, types", 32},
      {"compartment Device, parameters", 49},
      {"compartment Encounter, types", 25},
      {"compartment Encounter, parameters", 25},
      {"compartment Patient, types", 66},
      {"compartment Patient, parameters", 100},
      {"compartment Practitioner, types", 59},
      {"compartment Practitioner, parameters", 88},
      {"compartment RelatedPerson, types", 32},
      {"compartment RelatedPerson, parameters", 40},
      {"operations", 46},
  };
  const auto got = counts();
  for (const auto& [name, count] : expected) {
    INFO(name);
    REQUIRE(got.count(name) == 1);
    CHECK(got.at(name) == count);
  }
}

TEST_CASE("the same definitions give the same bytes, and what is unchanged is not written again") {
  const auto scratch = std::filesystem::temp_directory_path() / ("kiln-generator-" + std::to_string(::getpid()));
  const auto one = scratch / "one", two = scratch / "two";
  generator::write_files(tables(), one);
  generator::write_files(generator::read_definitions(KILN_DEFINITIONS), two);
  const auto first = files_in(one), second = files_in(two);
  CHECK(first.size() > 150);
  CHECK(first == second);
  const auto built = files_in(KILN_BINARY_DIR "/generated/resources-gen/generated");
  CHECK(built == first);
  const auto written = std::filesystem::last_write_time(one / "tables.cpp");
  generator::write_files(tables(), one);
  CHECK(std::filesystem::last_write_time(one / "tables.cpp") == written);
  std::filesystem::remove_all(scratch);
}

TEST_CASE("rows picked out by hand") {
  const auto& schema = model::r4();
  using model::Schema;
  SECTION("cardinality and flags") {
    CHECK(element("Patient.name").max == model::unbounded);
    CHECK(element("Observation.status").min == 1);
    CHECK((element("Observation.status").flags & model::element_modifier) != 0);
    CHECK((element("Observation.status").flags & model::element_summary) != 0);
    CHECK((element("Patient.photo").flags & model::element_summary) == 0);
    CHECK((element("Extension.url").flags & model::element_xml_attribute) != 0);
    CHECK(schema.type_name(schema.element_types[element("Narrative.div").types.first].type) == "xhtml");
  }
  SECTION("choices") {
    const auto& value = element("Observation.value[x]");
    CHECK((value.flags & model::element_choice) != 0);
    CHECK(value.types.count == 11);
    const auto owner = schema.types[schema.type("Observation")].root;
    const auto child = schema.child(owner, "valueQuantity");
    CHECK(schema.text(schema.elements[child.element].path) == "Observation.value[x]");
    CHECK(schema.type_name(child.type) == "Quantity");
    CHECK(schema.child(owner, "valueAddress").element == model::no_element);
    CHECK(schema.child(owner, "value").element == model::no_element);
  }
  SECTION("content references") {
    const auto& range = element("Observation.component.referenceRange");
    REQUIRE(range.content_reference != model::no_element);
    CHECK(schema.text(schema.elements[range.content_reference].path) == "Observation.referenceRange");
  }
  SECTION("reference targets") {
    const auto& subject = element("Observation.subject");
    const auto types = Schema::rows(schema.element_types, subject.types);
    REQUIRE(types.size() == 1);
    std::string targets;
    for (const auto type : Schema::rows(schema.target_types, types[0].targets))
      targets += std::string(schema.type_name(type)) + " ";
    CHECK(targets == "Patient Group Device Location ");
  }
  SECTION("bindings") {
    const auto& gender = schema.bindings[element("Patient.gender").binding];
    CHECK(gender.strength == model::BindingStrength::required);
    CHECK(schema.text(gender.value_set).starts_with("http://hl7.org/fhir/ValueSet/administrative-gender"));
    REQUIRE(gender.code_set != model::no_row);
    std::string codes;
    for (const auto& code : Schema::rows(schema.codes, schema.code_sets[gender.code_set].codes))
      codes += std::string(schema.text(code.code)) + " ";
    CHECK(codes == "female male other unknown ");
    CHECK(schema.bindings[element("Observation.code").binding].strength == model::BindingStrength::example);
  }
  SECTION("constraints") {
    std::string keys;
    for (const auto row : Schema::rows(schema.element_constraints, element("Patient.contact").constraints))
      keys += std::string(schema.text(schema.constraints[row].key)) + " ";
    CHECK(keys.find("pat-1") != std::string::npos);
  }
  SECTION("search parameters") {
    CHECK(parameter("Patient", "birthdate").type == model::ParameterType::date);
    CHECK(parameter("Patient", "phonetic").type == model::ParameterType::string);
    CHECK(schema.text(parameter("Resource", "_id").expression) == "Resource.id");
    const auto& composite = parameter("Observation", "code-value-quantity");
    CHECK(composite.type == model::ParameterType::composite);
    const auto components = Schema::rows(schema.components, composite.components);
    REQUIRE(components.size() == 2);
    CHECK(schema.text(components[0].expression) == "code");
    CHECK(schema.text(schema.search_parameters[components[1].parameter].code) == "value-quantity");
  }
  SECTION("compartments") {
    std::string parameters;
    for (const auto& compartment : schema.compartments) {
      if (schema.text(compartment.code) != "Patient") continue;
      for (const auto& row : Schema::rows(schema.compartment_parameters, compartment.parameters)) {
        if (schema.type_name(row.type) == "Observation") parameters += std::string(schema.text(row.parameter)) + " ";
      }
    }
    CHECK(parameters == "subject performer ");
  }
}
