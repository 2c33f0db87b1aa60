// The form of an answer: JSON, XML, or a page for a browser; indented or not. One for all answers, the pump's own too.
//
// R4 http.html#mime-type, #parameters (_format, _pretty).
#pragma once

#include <string_view>

#include "fhir/rest/negotiate.h"
#include "fhir/rest/service.h"

namespace rest {

// Puts the answer's body, a resource in minified JSON, into the form, and adds Content-Type and what else belongs to it. Throws
// if the body is no resource: the server's own fault. `base_url`: below which the links of a page lead.
void put_into_form(Response& response, const model::Schema& schema, std::string_view base_url, MediaType type, bool pretty);

}  // namespace rest
