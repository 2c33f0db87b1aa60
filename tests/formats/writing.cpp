#include <catch2/catch.hpp>

#include "tests/formats/support.h"
#include "tests/support/data.h"

TEST_CASE("edits replace, insert and remove") {
  CHECK(formats::apply("0123456789", {}) == "0123456789");
  CHECK(formats::apply("0123456789", {{0, 1, "a"}, {3, 3, "bc"}, {3, 5, ""}, {9, 10, "xyz"}}) == "a12bc5678xyz");
  CHECK(formats::apply("", {{0, 0, "a"}}) == "a");
}

TEST_CASE("pretty-printing adds white space only") {
  CHECK(formats::pretty(R"({"a":[1,{"b":"x,{}[]:\""},[]],"c":{}})") ==
        "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x,{}[]:\\\"\"\n    },\n    []\n  ],\n  \"c\": {}\n}");
  CHECK(formats::pretty("") == "");
  std::string deep;
  for (int i = 0; i < 10000; ++i) deep += '[';
  for (int i = 0; i < 10000; ++i) deep += i == 0 ? "1]" : "]";
  CHECK(formats::pretty(deep).size() < 60 * deep.size());
  const auto folder = tests::official_data("r4-minimal");
  if (!folder) return;
  for (const auto& path : tests::files_of(*folder / "json", ".json")) {
    const auto text = tests::minified(tests::file_text(path));
    CHECK(tests::minified(formats::pretty(text)) == text);
  }
}

TEST_CASE("an OperationOutcome is a valid resource whatever its issues say") {
  model::Issues issues;
  CHECK(
      formats::operation_outcome(issues) ==
      R"({"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational","diagnostics":"All OK"}]})");
  issues.add({model::Severity::error, model::IssueCode::code_invalid, "not a \"code\"\n", "Patient.gender", 3, 17});
  issues.warn(model::IssueCode::too_costly, "");
  issues.error(model::IssueCode::value, "\xff\x01");
  const auto json = formats::operation_outcome(issues);
  CHECK(json == R"-({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"code-invalid",)-"
                R"-("diagnostics":"not a \"code\"\n (line 3, column 17)","expression":["Patient.gender"]},)-"
                R"-({"severity":"warning","code":"too-costly"},{"severity":"error","code":"value","diagnostics":"�?"}]})-");
}

TEST_CASE("an OperationOutcome of an odd text reads back") {
  model::Issues issues;
  issues.error(model::IssueCode::value, "tab\tquote\"backslash\\", "Bundle.entry[7].resource");
  CHECK(formats::read_json(formats::operation_outcome(issues), model::r4()).ok());
  CHECK(formats::read_json(formats::operation_outcome({}), model::r4()).ok());
}
