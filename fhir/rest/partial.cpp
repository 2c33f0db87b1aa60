#include "fhir/rest/partial.h"

#include <iterator>

namespace rest {

using formats::Subset;
using model::failure;
using model::FailureKind;
using model::IssueCode;

model::Result<Partial> read_partial(Exchange& exchange, const model::Schema& schema, model::TypeId type) {
  Partial partial;
  auto& subset = partial.subset;
  model::Failure faults{FailureKind::bad_request, {}};
  auto summary = Subset::Kind::whole;
  bool seen = false;
  for (const auto& [name, value] : exchange.target.arguments) {
    if (value.empty()) continue;
    if (name == "_summary") {
      const auto kind = formats::summary_kind(value);
      if (seen) faults.issues.error(IssueCode::invalid, "_summary may stand only once");
      if (!kind && value != "count") {
        faults.issues.error(IssueCode::value, "_summary is true, text, data, count or false, not '" + value.substr(0, 60) + "'");
      }
      seen = true;
      partial.count = !kind;
      summary = kind.value_or(Subset::Kind::whole);
      partial.parameters += "&_summary=" + value;
    } else if (name == "_elements") {
      auto list = formats::read_elements(value, schema, type);
      for (const auto& unknown : list.unknown) {
        if (exchange.prefer.strict) faults.issues.error(IssueCode::not_supported, unknown);
        exchange.remarks.push_back(unknown);
      }
      if (list.names.empty()) continue;
      subset.kind = Subset::Kind::elements;
      subset.elements.insert(subset.elements.end(), std::make_move_iterator(list.names.begin()),
                             std::make_move_iterator(list.names.end()));
      partial.parameters += "&_elements=" + list.applied;
    }
  }
  if (summary != Subset::Kind::whole) {
    // R4 gives the two parameters a meaning each, and none together.
    if (!subset.whole()) {
      faults.issues.error(IssueCode::invalid,
                          "_elements and _summary each choose what is shown of a resource: only one of them can be given");
    }
    subset.kind = summary;
  }
  if (!faults.issues.empty()) return faults;
  return partial;
}

model::Result<Subset> read_subset(Exchange& exchange, const model::Schema& schema, model::TypeId type) {
  auto partial = read_partial(exchange, schema, type);
  if (!partial) return partial.error();
  if (partial->count) {  // R4 search.html#summary: "Search only"
    return failure(FailureKind::bad_request, IssueCode::invalid,
                   "_summary=count counts the matches of a search; this is a single resource");
  }
  return std::move(partial->subset);
}

std::shared_ptr<const std::string> shown(std::shared_ptr<const std::string> body, const model::Schema& schema,
                                         const Subset& subset) {
  if (!body || body->empty() || subset.whole()) return body;  // a deletion has none
  return std::make_shared<const std::string>(formats::subset(*body, schema, subset));
}

model::Result<void> check_complete(model::NodeRef resource) {
  const auto tag = formats::subsetted_tag(resource);
  if (!tag) return {};
  return failure(FailureKind::unprocessable, IssueCode::business_rule,
                 "The resource is tagged SUBSETTED: it is a part of what it was read from, and would replace the whole. Read it "
                 "without _summary and _elements; or, if it is meant to be all there is, send it without the tag",
                 tag.path());
}

}  // namespace rest
