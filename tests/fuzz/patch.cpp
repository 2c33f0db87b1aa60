#include "resources-gen/patch/patch.h"

#include "resources-gen/formats/json.h"
#include "resources-gen/formats/json_tape.h"
#include "resources-gen/model/schema.h"
#include "tests/fuzz/targets.h"

namespace fuzz {
namespace {

const model::Tree& patient() {
  static const auto read = formats::read_json(
      R"({"resourceType":"Patient","id":"a","meta":{"versionId":"1"},"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a</p></div>"},"extension":[{"url":"urn:e","valueDecimal":1.50}],"identifier":[{"system":"urn:m","value":"1"},{"system":"urn:m","value":"2"}],"active":true,"name":[{"given":["A","B"],"_given":[null,{"id":"b"}]}],"birthDate":"1970","_birthDate":{"id":"d"},"deceasedBoolean":false,"contact":[{"name":{"text":"x"}}]})",
      model::r4());
  return read.tree;
}

model::Result<patch::PatchPtr> read(std::string_view bytes) {
  if (bytes.starts_with('<')) return patch::parse_xml_patch(bytes);
  if (!bytes.starts_with('{')) return patch::parse_json_patch(bytes);
  const auto parameters = formats::read_json(bytes, model::r4());
  if (!parameters.ok() || parameters.tree.root().type_name() != "Parameters")
    return model::failure(model::FailureKind::bad_request, model::IssueCode::invalid, "no Parameters");
  return patch::parse_fhirpath_patch(parameters.tree);
}

}  // namespace

void patch(std::string_view bytes) {
  const auto parsed = read(bytes);
  if (!parsed) return require(parsed.error().issues.has_errors(), "what is refused is explained");
  const auto patched = (*parsed)->apply(patient());
  const auto again = (*parsed)->apply(patient());
  require(patched.has_value() == again.has_value(), "a patch does the same each time");
  if (!patched) return require(patched.error().issues.has_errors(), "what is refused is explained");
  require(*patched == *again, "a patch does the same each time", *patched);
  formats::JsonTape tape;
  const auto fault = tape.read(*patched, 1'000'000);
  require(fault.message.empty(), "what a patch makes is JSON", *patched);
  require(tape.source() == *patched, "and minified", *patched);
}

}  // namespace fuzz
