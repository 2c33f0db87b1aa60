#include "resources-gen/fhirpath/fhirpath.h"

#include "resources-gen/formats/json.h"
#include "resources-gen/model/schema.h"
#include "tests/fuzz/targets.h"

namespace fuzz {
namespace {

const model::Tree& sample() {
  static const auto read = formats::read_json(
      R"({"resourceType":"Patient","id":"a","contained":[{"resourceType":"Organization","id":"o","name":"x"}],
"extension":[{"url":"urn:d","valueDecimal":1.50},{"url":"urn:q","valueQuantity":{"value":2,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}}],
"active":true,"name":[{"use":"official","family":"Muster","given":["Ada","B"]},{"text":"A\u00e4"}],"birthDate":"1970-02","deceasedDateTime":"2020-01-01T10:00:00+02:00",
"multipleBirthInteger":2,"telecom":[{"system":"phone","value":"1"}],"managingOrganization":{"reference":"#o"}})",
      model::r4());
  require(read.ok(), "the sample is a Patient");
  return read.tree;
}

}  // namespace

void fhirpath(std::string_view bytes) {
  if (bytes.size() > 4096) return;
  auto expression = fhirpath::Expression::parse(bytes);
  if (!expression) {
    require(expression.error().issues.has_errors(), "what is refused is explained", bytes);
    return;
  }
  const auto& tree = sample();
  const auto plan = fhirpath::Plan::compile(*expression, model::r4(), tree.root().element());
  if (!plan) return;
  fhirpath::Collection out;
  const auto done = plan->evaluate(tree.root(), {}, out);
  require(done || done.error().issues.has_errors(), "a failure says why", bytes);
  std::vector<model::NodeRef> nodes;
  if (plan->evaluate_nodes(tree.root(), {}, nodes)) require(done.has_value(), "two ways of evaluating agree", bytes);
}

}  // namespace fuzz
