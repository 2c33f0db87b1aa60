// HtmlPage: an answer for a person with a browser: its JSON, indented, with links that can be followed.
//
// R4 http.html#mime-type leaves text/html to servers. Nothing in a page runs or is fetched: no script, and a policy that
// forbids the browser all of it. Every byte of a resource is escaped; links lead to this server's own resources only.
#pragma once

#include <string>
#include <string_view>

#include "fhir/rest/service.h"
#include "resources-gen/model/schema.h"

namespace rest {

// `json` is minified JSON; `base_url` as in ServiceOptions.
std::string html_page(std::string_view json, int status, std::string_view base_url, const model::Schema& schema);

// The headers that belong to an answer that is a page, besides Content-Type.
void add_page_headers(Response& response);

}  // namespace rest
