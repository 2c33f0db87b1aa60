#include "resources-gen/model/tree.h"

#include <catch2/catch.hpp>

#include "resources-gen/formats/json.h"

using model::NodeRef;

namespace {

model::Tree tree_of(std::string_view json) {
  auto result = formats::read_json(json, model::r4());
  REQUIRE(result.ok());
  return std::move(result.tree);
}

std::vector<std::string> paths(const model::Tree& tree) {
  std::vector<std::string> out;
  for (model::NodeIndex i = 0; i < tree.size(); ++i) out.push_back(NodeRef(tree, i).path());
  return out;
}

}  // namespace

TEST_CASE("nodes stand in document order, each with its path") {
  const auto tree =
      tree_of(R"({"resourceType":"Patient","name":[{"given":["A","B"],"family":"C"},{"text":"D"}],"deceasedBoolean":false,
    "contained":[{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50}}]})");
  CHECK(paths(tree) == std::vector<std::string>{
                           "Patient", "Patient.name[0]", "Patient.name[0].given[0]", "Patient.name[0].given[1]",
                           "Patient.name[0].family", "Patient.name[1]", "Patient.name[1].text", "Patient.deceased",
                           "Patient.contained[0]", "Patient.contained[0].status", "Patient.contained[0].code",
                           "Patient.contained[0].code.text", "Patient.contained[0].value", "Patient.contained[0].value.value"});
}

TEST_CASE("walking a tree") {
  const auto tree = tree_of(R"({"resourceType":"Patient","name":[{"given":["A","B"],"family":"C"},{"text":"D"}],"active":true,
    "contained":[{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50}}]})");
  const NodeRef root = tree.root();
  CHECK(root.name() == "Patient");
  CHECK(root.type_name() == "Patient");
  CHECK(!root.parent());
  CHECK(!root.next_sibling());
  CHECK(!root.has_value());
  CHECK(root.text() == "");

  const NodeRef name = root.child("name");
  REQUIRE(name);
  CHECK(name.type_name() == "HumanName");
  CHECK(name.parent() == root);
  CHECK(name.json() == R"({"given":["A","B"],"family":"C"})");
  std::vector<std::string> seen;
  for (NodeRef c = name.first_child(); c; c = c.next_sibling()) seen.emplace_back(c.text());
  CHECK(seen == std::vector<std::string>{"A", "B", "C"});
  CHECK(name.next_sibling().child("text").text() == "D");
  CHECK(!name.child("period"));
  CHECK(!name.child("nonsense"));
  CHECK(name.child("given").primitive() == model::Primitive::string);
  CHECK(!name.child("given").first_child());
  CHECK(root.child("active").text() == "true");
  CHECK(root.child("active").node().kind == model::ValueKind::boolean);

  const NodeRef contained = root.child("contained");
  CHECK(contained.is_resource());
  CHECK(contained.type_name() == "Observation");
  CHECK(contained.name() == "contained");
  const NodeRef value = contained.child("value");
  CHECK(value.type_name() == "Quantity");
  CHECK(value.child("value").text() == "1.50");
  CHECK(value.resource() == contained);
  CHECK(contained.resource() == contained);
  CHECK(name.resource() == root);
  CHECK(value.root() == root);
  CHECK(!model::Tree().root());
}

TEST_CASE("an element and its extension part are one node") {
  const auto tree = tree_of(R"({"resourceType":"Patient","_birthDate":{"id":"b","extension":[{"url":"urn:a","valueCode":"c"}]},
    "name":[{"given":["A",null,"C"],"_given":[null,{"id":"x"},{"id":"y"}]}],"birthDate":"1970","_gender":{"id":"g"}})");
  const NodeRef birth = tree.root().first_child();
  CHECK(birth.name() == "birthDate");
  CHECK(birth.text() == "1970");
  CHECK(birth.json() == "\"1970\"");
  CHECK(birth.child("id").text() == "b");
  CHECK(birth.child("extension").child("value").text() == "c");
  NodeRef given = tree.root().child("name").child("given");
  CHECK(given.text() == "A");
  CHECK(!given.first_child());
  given = given.next_sibling();
  CHECK(!given.has_value());
  CHECK((given.node().flags & model::node_no_value) != 0);
  CHECK(given.path() == "Patient.name[0].given[1]");
  CHECK(given.child("id").text() == "x");
  given = given.next_sibling();
  CHECK(given.text() == "C");
  CHECK(given.child("id").text() == "y");
  const NodeRef gender = tree.root().child("gender");
  CHECK(!gender.has_value());
  CHECK(gender.child("id").text() == "g");
}

TEST_CASE("escapes are resolved in text and kept in json") {
  const auto tree = tree_of(R"({"resourceType":"Patient","name":[{"text":"M\u00fcller \"x\"","family":"\/"}]})");
  const NodeRef text = tree.root().child("name").child("text");
  CHECK(text.text() == "M\xc3\xbcller \"x\"");
  CHECK(text.json() == R"("M\u00fcller \"x\"")");
  CHECK(text.next_sibling().text() == "/");
}

TEST_CASE("content references and nested resources find their types") {
  const auto tree = tree_of(
      R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Questionnaire","status":"draft",
    "item":[{"linkId":"1","type":"group","item":[{"linkId":"2","type":"group","item":[{"linkId":"3","type":"display"}]}]}]},
    "link":[{"relation":"self","url":"urn:a"}]}]})");
  const NodeRef entry = tree.root().child("entry");
  const NodeRef deep = entry.child("resource").child("item").child("item").child("item");
  CHECK(deep.child("linkId").text() == "3");
  CHECK(deep.path() == "Bundle.entry[0].resource.item[0].item[0].item[0]");
  CHECK(deep.type_name() == "BackboneElement");
  CHECK(entry.child("link").child("relation").text() == "self");
}

TEST_CASE("trees can be moved, and their views go with them") {
  auto tree = tree_of(R"({"resourceType":"Patient","name":[{"text":"\u00e4"}],"gender":"male"})");
  const model::Tree moved = std::move(tree);
  CHECK(moved.root().child("name").child("text").text() == "\xc3\xa4");
  CHECK(moved.root().child("gender").text() == "male");
  static_assert(sizeof(model::Node) <= 44);
}
