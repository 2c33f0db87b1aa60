#include "resources-gen/model/issues.h"

#include <catch2/catch.hpp>

#include "resources-gen/model/result.h"

using model::IssueCode;
using model::Issues;
using model::Severity;

TEST_CASE("issue codes have FHIR's spelling") {
  CHECK(model::code_text(IssueCode::invalid) == "invalid");
  CHECK(model::code_text(IssueCode::not_supported) == "not-supported");
  CHECK(model::code_text(IssueCode::multiple_matches) == "multiple-matches");
  CHECK(model::code_text(IssueCode::code_invalid) == "code-invalid");
  CHECK(model::code_text(IssueCode::too_costly) == "too-costly");
  CHECK(model::code_text(IssueCode::business_rule) == "business-rule");
  CHECK(model::code_text(IssueCode::throttled) == "throttled");
  CHECK(model::code_text(IssueCode::informational) == "informational");
  CHECK(model::severity_text(Severity::fatal) == "fatal");
  CHECK(model::severity_text(Severity::information) == "information");
}

TEST_CASE("the issues of an entry become the Bundle's") {
  Issues inner, outer;
  inner.error(IssueCode::value, "a", "Patient.name[0].given[1]");
  inner.add({Severity::warning, IssueCode::required, "b", "Patient", 3, 4});
  inner.warn(IssueCode::invalid, "c");
  outer.error(IssueCode::structure, "first", "Bundle");
  outer.append_under("Bundle.entry[7].resource", inner);
  REQUIRE(outer.size() == 4);
  CHECK(outer.list()[1].expression == "Bundle.entry[7].resource.name[0].given[1]");
  CHECK(outer.list()[2].expression == "Bundle.entry[7].resource");
  CHECK(outer.list()[2].line == 3);
  CHECK(outer.list()[3].expression == "Bundle.entry[7].resource");
}

TEST_CASE("errors count, warnings do not") {
  Issues issues;
  CHECK(!issues.has_errors());
  issues.warn(IssueCode::value, "a");
  CHECK(!issues.has_errors());
  issues.add({Severity::fatal, IssueCode::exception, "b"});
  CHECK(issues.has_errors());
}

TEST_CASE("the value of a failure is a defect of the caller") {
  const model::Result<int> result = model::failure(model::FailureKind::not_found, IssueCode::not_found, "no such thing");
  CHECK(result.has_error());
  CHECK_THROWS_WITH(result.value(), Catch::Contains("no such thing"));
}
