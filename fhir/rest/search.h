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
// Runs a query; its page as a Bundle of type searchset: links absolute, each followed by `suffix`. R4 search.html,
// bundle.html#searchset. It has fewer matches than the query's count where more would make it too large (most_page_bytes): `next`
// goes on behind them. Fails as the query does, and (too costly) if what a single match includes is larger than an answer may be.
model::Result<std::string> searchset(const Context& context, const Exchange& exchange, const search::Query& query,
                                     std::string_view suffix);

}  // namespace rest
