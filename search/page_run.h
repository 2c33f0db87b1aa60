// Runs a query: a page of matches, its total by the query's policy, its links, and what it includes. README.md, "Pages" and
// "Totals".
#pragma once

#include <memory>
#include <string>

#include "search/index.h"
#include "search/query.h"

namespace search {

// Candidates up to which an exact total is given unasked: it then costs less than the page's own look-ups.
inline constexpr std::uint64_t cheap_total = 2000;

struct RunContext {
  const model::Schema& schema;
  const Extractor& extractor;
  const store::Store& store;
  const PageKey& page_key;
  std::shared_ptr<const View> view;
};

// `report`, if not null, receives what was done, for _explain.
model::Result<Page> run_page(const RunContext& context, const Query& query, const Access& access, std::string* report = nullptr);

}  // namespace search
