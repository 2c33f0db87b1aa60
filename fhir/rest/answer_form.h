// The form of an answer: JSON, XML, or a page for a browser; indented or not. One for all answers, the pump's own too.
//
// R4 http.html#mime-type, #parameters (_format, _pretty).
#pragma once

#include <string_view>

#include "fhir/rest/negotiate.h"
#include "fhir/rest/service.h"

namespace rest {

// Says which form the answer's body, a resource in minified JSON, is to have: adds Content-Type and what else belongs to it, and
// leaves the body itself to finish_body() (service.h). `base_url`: below which the links of a page lead. `schema` outlives the
// answer.
void set_form(Response& response, const model::Schema& schema, std::string_view base_url, MediaType type, bool pretty);

}  // namespace rest
