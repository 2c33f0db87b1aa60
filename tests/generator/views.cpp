// Typed views over parsed resources.
#include <catch2/catch.hpp>

#include "resources-gen/formats/json.h"
#include "resources-gen/generated/views/all.h"

namespace {

model::Tree tree_of(std::string_view json) {
  auto parsed = formats::read_json(json, model::r4());
  for (const auto& issue : parsed.issues.list()) UNSCOPED_INFO(issue.diagnostics);
  REQUIRE_FALSE(parsed.tree.empty());
  return std::move(parsed.tree);
}

}  // namespace

TEST_CASE("a patient by FHIR's own names") {
  const auto tree = tree_of(
      R"({"resourceType":"Patient","id":"p","meta":{"versionId":"3"},"active":true,"name":[{"family":"M\u00fcller","given":["Ada","Eva"]},{"text":"A"}],)"
      R"("birthDate":"1975-06","_birthDate":{"id":"b","extension":[{"url":"http://x","valueString":"about noon"}]},"deceasedBoolean":false,)"
      R"("contact":[{"relationship":[{"coding":[{"code":"N"}]}],"name":{"family":"Kin"}}],"maritalStatus":{"text":"m"},)"
      R"("contained":[{"resourceType":"Organization","id":"o","name":"Org"}],"managingOrganization":{"reference":"#o"}})");
  const auto patient = views::Patient::of(tree);
  REQUIRE(patient);
  CHECK(patient.id().text() == "p");
  CHECK(patient.meta().versionId().text() == "3");
  CHECK(patient.active().boolean() == true);
  REQUIRE(patient.name().size() == 2);
  CHECK(patient.name()[0].family().text() == "Müller");
  std::string given;
  for (const auto name : patient.name().front().given()) given += std::string(name.text()) + ".";
  CHECK(given == "Ada.Eva.");
  CHECK(patient.name()[1].text().text() == "A");
  CHECK_FALSE(patient.name()[2]);
  CHECK(patient.birthDate().text() == "1975-06");
  CHECK(patient.birthDate().temporal().has_value());
  CHECK(patient.birthDate().id() == "b");
  CHECK(patient.birthDate().extension().front().valueString().text() == "about noon");
  CHECK(patient.deceasedBoolean().boolean() == false);
  CHECK_FALSE(patient.deceasedDateTime());
  CHECK(patient.deceased().type_name() == "boolean");
  CHECK(patient.contact().front().relationship().front().coding().front().code().text() == "N");
  CHECK(patient.contact().front().name().family().text() == "Kin");
  CHECK(patient.managingOrganization().reference().text() == "#o");
  const auto contained = patient.contained().front();
  CHECK(contained.type_name() == "Organization");
  CHECK(contained.id() == "o");
  CHECK(contained.as<views::Organization>().name().text() == "Org");
  CHECK_FALSE(contained.as<views::Patient>());
}

TEST_CASE("what is not there is empty all the way down") {
  const auto tree = tree_of(R"({"resourceType":"Patient"})");
  const auto patient = views::Patient::of(tree);
  REQUIRE(patient);
  CHECK(patient.maritalStatus().coding().front().code().text().empty());
  CHECK_FALSE(patient.active().boolean().has_value());
  CHECK(patient.name().empty());
  CHECK(patient.name().begin() == patient.name().end());
  CHECK(patient.birthDate().extension().empty());
  CHECK_FALSE(views::Observation::of(tree));
  CHECK_FALSE(views::Patient::of(model::Tree()));
}

TEST_CASE("choices, quantities, content references and Bundles") {
  const auto tree = tree_of(
      R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Observation","status":"final","code":{"text":"c"},)"
      R"("valueQuantity":{"value":1.50,"unit":"kg"},"component":[{"code":{"text":"d"},"valueString":"s","referenceRange":[{"low":{"value":2}}]}]}},)"
      R"({"resource":{"resourceType":"MedicationRequest","status":"active","intent":"order","medicationCodeableConcept":{"text":"m"},"subject":{"reference":"Patient/1"},)"
      R"("dosageInstruction":[{"doseAndRate":[{"doseQuantity":{"value":3}}]}]}}]})");
  const auto bundle = views::Bundle::of(tree);
  REQUIRE(bundle.entry().size() == 2);
  const auto observation = bundle.entry().front().resource().as<views::Observation>();
  REQUIRE(observation);
  CHECK(observation.value().type_name() == "Quantity");
  CHECK(observation.value().as<views::Quantity>().unit().text() == "kg");
  CHECK(observation.valueQuantity().value().text() == "1.50");
  CHECK(observation.valueQuantity().value().decimal().has_value());
  CHECK_FALSE(observation.valueString());
  const auto component = observation.component().front();
  CHECK(component.valueString().text() == "s");
  CHECK(component.value().primitive().text() == "s");
  const views::Observation::ReferenceRange range = component.referenceRange().front();
  CHECK(range.low().value().text() == "2");
  const auto request = bundle.entry()[1].resource().as<views::MedicationRequest>();
  CHECK(request.medicationCodeableConcept().text().text() == "m");
  CHECK_FALSE(request.medicationReference());
  CHECK(request.dosageInstruction().front().doseAndRate().front().doseQuantity().value().text() == "3");
}
