// The CapabilityStatement's bytes, from the route table and the search parameters.
#pragma once

#include <string>

#include "fhir/rest/service.h"

namespace rest {

std::string make_capability_statement(const model::Schema& schema, const search::Search& search, const std::string& base_url,
                                      const ServiceOptions& options);

}  // namespace rest
