// The expressions of R4's own definitions: all search parameters and invariants.

#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>
#include <map>
#include <set>

#include "tests/fhirpath/support.h"

namespace {

using model::Schema;

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

// Invariants that do not compile, with the reason.
const std::map<std::string, std::string> not_compiled = {
    {"cid-0", "ChargeItemDefinition has no name: HL7 copied the rule from elsewhere"},
    {"txt-1", "htmlChecks() is the validator's"},
    {"txt-2", "htmlChecks() is the validator's"},
};

}  // namespace

TEST_CASE("every search parameter compiles for each of its bases, and composites' components for their roots") {
  const Schema& schema = model::r4();
  const auto start = std::chrono::steady_clock::now();
  int expressions = 0, plans = 0, paths = 0, components = 0;
  for (const auto& row : schema.search_parameters) {
    if (row.expression.length == 0) continue;
    const auto expression = fhirpath::Expression::parse(schema.text(row.expression));
    if (!expression) {
      FAIL_CHECK(schema.text(row.id) << ": " << tests::why(expression.error()));
      continue;
    }
    ++expressions;
    for (const model::TypeId base : Schema::rows(schema.parameter_bases, row.bases)) {
      const auto plan = fhirpath::Plan::compile(*expression, schema, schema.types[base].root);
      if (!plan) {
        FAIL_CHECK(schema.text(row.id) << " on " << schema.type_name(base) << ": " << tests::why(plan.error()));
        continue;
      }
      ++plans;
      paths += plan->is_path() ? 1 : 0;
      if (!plan->is_path() && schema.text(row.id) != "Patient-deceased") FAIL_CHECK(schema.text(row.id) << " is no path");
      if (row.type != model::ParameterType::composite) continue;
      CHECK(!plan->results().empty());
      for (const auto& component : Schema::rows(schema.components, row.components)) {
        const auto part = fhirpath::Expression::parse(schema.text(component.expression));
        REQUIRE(part.has_value());
        for (const model::ElementId root : plan->results()) {
          const auto compiled = fhirpath::Plan::compile(*part, schema, root);
          if (!compiled) {
            FAIL_CHECK(schema.text(row.id) << " " << schema.text(component.expression) << ": " << tests::why(compiled.error()));
            continue;
          }
          ++components;
          if (!compiled->is_path()) FAIL_CHECK(schema.text(row.id) << " " << schema.text(component.expression) << " is no path");
        }
      }
    }
  }
  std::cout << "search parameters: " << expressions << " expressions, " << plans << " plans, " << paths << " of them paths, "
            << components << " plans of components, in " << ms_since(start) << " ms\n";
  CHECK(expressions == 1372);
  CHECK(plans >= 1700);
}

TEST_CASE("every invariant parses, and compiles for the element that it stands at") {
  const Schema& schema = model::r4();
  std::set<std::string> faults;
  int compiled = 0;
  for (model::ElementId element = 0; element < schema.elements.size(); ++element) {
    for (const std::uint32_t constraint : Schema::rows(schema.element_constraints, schema.elements[element].constraints)) {
      const auto& row = schema.constraints[constraint];
      const std::string key(schema.text(row.key));
      const auto expression = fhirpath::Expression::parse(schema.text(row.expression));
      if (!expression) {
        faults.insert(key + " " + tests::why(expression.error()));
        continue;
      }
      const auto plan = fhirpath::Plan::compile(*expression, schema, element);
      if (plan) {
        ++compiled;
        if (not_compiled.contains(key)) faults.insert(key + " compiles: take it off the list");
      } else if (!not_compiled.contains(key)) {
        faults.insert(key + " at " + std::string(schema.text(schema.elements[element].path)) + ": " + tests::why(plan.error()));
      }
    }
  }
  for (const std::string& fault : faults) FAIL_CHECK(fault);
  CHECK(compiled > 8900);
}
