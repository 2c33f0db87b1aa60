#include "search/query.h"

#include "fhir/rest/target.h"
#include "resources-gen/model/schema.h"
#include "tests/fuzz/targets.h"
#include "tests/rest/fixture.h"

namespace fuzz {
namespace {

// A few resources, so that what parses also runs over something.
tests::Fixture& world() {
  static tests::Fixture fixture;
  static const bool filled = [] {
    const char* const bodies[] = {
        R"({"resourceType":"Patient","id":"a","name":[{"family":"Müller","given":["Ada"]}],"birthDate":"1970-02","identifier":[{"system":"urn:x","value":"1"}]})",
        R"({"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8302-2"}]},"subject":{"reference":"Patient/a"},"effectiveDateTime":"2026-03-01T10:00:00Z","valueQuantity":{"value":1.50,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}})",
        R"({"resourceType":"RiskAssessment","id":"r","status":"final","subject":{"reference":"Patient/a"},"prediction":[{"probabilityDecimal":0.5}]})",
        R"({"resourceType":"Location","id":"l","position":{"longitude":8.5,"latitude":47.4},"name":"x"})"};
    const char* const places[] = {"/Patient/a", "/Observation/o", "/RiskAssessment/r", "/Location/l"};
    for (int i = 0; i < 4; ++i) require(fixture.ask("PUT", places[i], bodies[i]).status == 201, "the world is made");
    return true;
  }();
  require(filled, "the world is made");
  return fixture;
}

// What stands before the `?`: nothing (all types), Patient/a/X (a compartment), a type; else Observations.
search::Scope scope_of(std::string_view path, const model::Schema& schema) {
  if (path.empty()) return {};
  const auto first = path.find('/'), last = path.rfind('/');
  search::Scope scope(schema.resource_type(path.substr(last == std::string_view::npos ? 0 : last + 1)));
  if (first == last) return scope.type == model::no_type ? schema.resource_type("Observation") : scope;
  scope.compartment = schema.resource_type(path.substr(0, first));
  scope.id = path.substr(first + 1, last - first - 1);
  return scope;
}

}  // namespace

void query(std::string_view bytes) {
  if (bytes.size() > 8192) return;
  auto& fixture = world();
  const auto& schema = model::r4();
  const auto question = bytes.find('?');
  const auto scope = scope_of(bytes.substr(0, question == std::string_view::npos ? 0 : question), schema);
  const auto arguments = rest::parse_query(question == std::string_view::npos ? bytes : bytes.substr(question + 1), "the query");
  if (!arguments) return;
  search::ParseOptions options;
  options.base_urls = {"http://kiln.test/fhir"};
  const auto parsed = fixture.search->parse(scope, *arguments, options);
  if (!parsed) {
    require(parsed.error().issues.has_errors(), "what is refused is explained", bytes);
    return;
  }
  const auto page = fixture.search->run(**parsed, {});
  if (!page) return;
  // What `self` says was applied is the same query, understood without any doubt.
  const auto self = rest::parse_query(page->self, "self");
  require(self.has_value(), "self is a query", page->self);
  options.strict = true;
  const auto again = fixture.search->parse(scope, *self, options);
  require(again.has_value(), "self parses strictly", page->self);
  const auto repeated = fixture.search->run(**again, {});
  require(repeated.has_value() && repeated->self == page->self, "self of self is self", page->self);
  require(repeated->matches.size() == page->matches.size(), "and finds the same", page->self);
}

}  // namespace fuzz
