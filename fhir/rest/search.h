// What a search of its own and one within a transaction share.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/rest/exchange.h"

namespace rest {

model::Result<std::shared_ptr<const search::Query>> parse_search(const Context& context, const Exchange& exchange,
                                                                 const std::vector<search::Argument>& arguments);
// A page of a query as a Bundle of type searchset: links absolute, each followed by `suffix`. R4 search.html,
// bundle.html#searchset. Fails (too costly) if its resources together are larger than one answer may be.
model::Result<std::string> searchset(const Context& context, const Exchange& exchange, const search::Query& query,
                                     const search::Page& page, std::string_view suffix);

}  // namespace rest
