#include "resources-gen/formats/xml.h"

#include "resources-gen/model/schema.h"
#include "tests/fuzz/targets.h"

namespace fuzz {

void xml(std::string_view bytes) {
  const auto& schema = model::r4();
  const auto first = formats::read_xml(bytes, schema);
  require(first.ok() || !first.issues.empty(), "what is refused is explained");
  const auto outcome = formats::read_json(formats::operation_outcome(first.issues), schema);
  require(outcome.ok(), "an OperationOutcome of any issues is a resource", formats::operation_outcome(first.issues));
  const auto shown = formats::write_xml(outcome.tree);
  require(formats::read_xml(shown, schema).ok(), "and is one in XML", shown);
  if (first.tree.empty()) return;

  const std::string source(first.tree.source());
  require(!formats::read_json(source, schema).malformed, "what XML becomes is JSON", source);
  (void)formats::write_xml(first.tree);  // of a tree with faults: some text
  if (!first.ok()) return;

  require(formats::read_json(source, schema).ok(), "the JSON of a good resource is good", source);
  const auto written = formats::write_xml(first.tree);
  const auto again = formats::read_xml(written, schema);
  require(again.ok() && again.tree.source() == source, "what is written reads as what was read", written);
  const auto pretty = formats::pretty_xml(first.tree);
  require(formats::read_xml(pretty, schema).tree.source() == source, "pretty printing changes white space only", pretty);
}

}  // namespace fuzz
