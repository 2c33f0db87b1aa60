// X-Request-Id: the client's own name for a request, given back so that both sides' logs can be joined. R4 http.html#custom.
#pragma once

#include <string_view>

#include "fhir/rest/service.h"

namespace rest {

bool is_request_id(std::string_view text);  // 1 to 128 visible ASCII characters
// Adds X-Request-Id if the request has a well-formed one.
void add_request_id(const Request& request, Response& response);

}  // namespace rest
