// X-Request-Id: a name for a request, the client's own or one that we make, given back so that both sides' logs can be joined.
// X-Correlation-Id: the client's name for several requests, given back. R4 http.html#custom.
#pragma once

#include <string>
#include <string_view>

#include "fhir/rest/service.h"

namespace rest {

bool is_request_id(std::string_view text);  // 1 to 128 visible ASCII characters
// 15 characters of 0-9a-v that no other request has: 40 bits drawn for each thread, and a count. Valid until the thread's next;
// no longer than what a std::string holds without memory of its own.
std::string_view new_request_id();
// Adds X-Request-Id: `request_id` if it is well-formed, else a new one. Adds X-Correlation-Id if `correlation_id` is.
void add_request_ids(std::string_view request_id, std::string_view correlation_id, Response& response);

}  // namespace rest
