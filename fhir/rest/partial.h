// Partial answers: what of its resources a read, a history or the CapabilityStatement shows: _summary and _elements.
//
// R4 http.html#parameters, search.html#summary, #elements. A search has them among its own parameters (search/query_result.cpp).
#pragma once

#include <memory>
#include <string>

#include "fhir/rest/exchange.h"
#include "resources-gen/formats/subset.h"

namespace rest {

struct Partial {
  formats::Subset subset;
  bool count = false;      // _summary=count
  std::string parameters;  // "&_summary=true": what was applied, for links
};

// Reads both from the exchange's parameters. `type`: of the resources answered, no_type: of several. Fails with 400, naming all
// faults; names of elements that there are not are noted as ignored unless handling is strict.
model::Result<Partial> read_partial(Exchange& exchange, const model::Schema& schema, model::TypeId type);
// The same for a single resource, of which there is nothing to count.
model::Result<formats::Subset> read_subset(Exchange& exchange, const model::Schema& schema, model::TypeId type);

// A resource as it is shown; the same bytes if all of it is.
std::shared_ptr<const std::string> shown(std::shared_ptr<const std::string> body, const model::Schema& schema,
                                         const formats::Subset& subset);

// Refuses (422) a resource that is tagged as incomplete: it must not replace a complete one unawares. R4 search.html#summary.
model::Result<void> check_complete(model::NodeRef resource);

}  // namespace rest
