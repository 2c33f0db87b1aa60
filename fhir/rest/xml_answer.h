// An answer in XML. R4 http.html#mime-type.
#pragma once

#include "fhir/rest/negotiate.h"
#include "fhir/rest/service.h"

namespace rest {

// Turns the body, a resource in minified JSON, into XML, and adds Content-Type. Throws if it is none: the server's own fault.
void answer_with_xml(Response& response, const model::Schema& schema, MediaType type, bool pretty);

}  // namespace rest
