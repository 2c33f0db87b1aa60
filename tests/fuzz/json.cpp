#include "resources-gen/formats/json.h"

#include "resources-gen/model/schema.h"
#include "tests/fuzz/targets.h"

namespace fuzz {

void json(std::string_view bytes) {
  const auto& schema = model::r4();
  const auto first = formats::read_json(bytes, schema);
  const auto outcome = formats::read_json(formats::operation_outcome(first.issues), schema);
  require(outcome.ok(), "an OperationOutcome of any issues is a resource", formats::operation_outcome(first.issues));
  require(first.ok() || !first.issues.empty(), "what is refused is explained");
  if (first.tree.empty()) return;

  const auto source = first.tree.source();
  const auto again = formats::read_json(source, schema);
  require(again.ok() == first.ok() && again.tree.source() == source, "the minified text reads as the text did", source);
  require(again.tree.size() == first.tree.size(), "the same tree", source);
  for (auto node = first.tree.root().first_child(); node; node = node.next_sibling()) (void)node.path();
  if (!first.ok()) return;

  const auto pretty = formats::read_json(formats::pretty(source), schema);
  require(pretty.ok() && pretty.tree.source() == source, "pretty printing changes white space only", source);
  const auto form = formats::stored_form(first.tree, "fuzz");
  auto stored = form.body;
  require(form.hole <= stored.size(), "the hole lies within the body", stored);
  stored.insert(form.hole, formats::hole_text(form.kind, 7, 1'700'000'000'000));
  const auto kept = formats::read_json(stored, schema);
  require(kept.ok(), "the stored form, filled, is a resource", stored);
  require(kept.tree.root().child("id").text() == "fuzz", "with its id", stored);
}

}  // namespace fuzz
