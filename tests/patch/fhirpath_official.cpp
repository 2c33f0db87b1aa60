// HL7's FHIRPath Patch cases (fhir-patch-tests.xml). Those of mode "both" are also for engines that make a patch from two
// resources, which is nothing that a server is asked for: here all are applied.

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <pugixml.hpp>
#include <sstream>

#include "resources-gen/formats/xml.h"
#include "tests/patch/support.h"
#include "tests/support/data.h"

namespace {

namespace json = boost::json;

model::Tree tree_within(pugi::xml_node parent) {
  std::ostringstream out;
  for (const auto child : parent.children()) {
    if (child.type() == pugi::node_element) child.print(out, "", pugi::format_raw);
  }
  const auto text = out.str();
  auto read = formats::read_xml(text, model::r4());
  INFO(text);
  for (const auto& issue : read.issues) FAIL_CHECK(issue.diagnostics << " " << issue.expression);
  REQUIRE(!read.tree.empty());
  return std::move(read.tree);
}

// Members in any order, and the narrative's white space, which the cases lay out anew, left aside.
json::value plain(std::string_view text) {
  auto value = json::parse(text);
  if (auto* const narrative = value.as_object().if_contains("text")) {
    std::string words;
    for (const char c : narrative->at("div").as_string()) {
      if (c != ' ' && c != '\n' && c != '\t' && c != '\r') words += c;
    }
    narrative->as_object()["div"] = words;
  }
  return value;
}

}  // namespace

TEST_CASE("HL7's FHIRPath Patch cases") {
  const auto folder = tests::official_data("patch-tests");
  if (!folder) return;
  pugi::xml_document cases;
  REQUIRE(cases.load_file((*folder / "fhir-patch-tests.xml").c_str(), pugi::parse_full | pugi::parse_ws_pcdata));
  int both = 0, forwards = 0;
  for (const auto each : cases.child("tests").children("case")) {
    ++(std::string_view(each.attribute("mode").value()) == "both" ? both : forwards);
    INFO(each.attribute("name").value());
    const auto parameters = tree_within(each.child("diff"));
    const auto result = tests::patched(patch::parse_fhirpath_patch(parameters), tree_within(each.child("input")));
    INFO(result);
    if (each.child("error")) {
      CHECK(result.starts_with("! "));
    } else {
      CHECK(!result.starts_with("! "));
      if (!result.starts_with("! ")) CHECK(plain(result) == plain(tree_within(each.child("output")).source()));
    }
  }
  CHECK(both == 29);
  CHECK(forwards == 4);
}
