#include "fhir/rest/request_id.h"

#include <algorithm>

namespace rest {

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

void add_request_id(const Request& request, Response& response) {
  const auto id = request.header("X-Request-Id");
  if (is_request_id(id)) response.headers.emplace_back("X-Request-Id", id);
}

}  // namespace rest
