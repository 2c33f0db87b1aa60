// Includes: the resources that `_include` and `_revinclude` add to a page, as of the page's moment.
//
// R4 search.html#include, one level. References are read from the index's columns: no body is parsed.
#pragma once

#include <vector>

#include "search/execute.h"
#include "search/query.h"

namespace search {

inline constexpr std::size_t max_included = 1000;  // on one page

struct IncludeContext {
  const model::Schema& schema;
  const Extractor& extractor;
  const store::Store& store;
  const Access& access;
  std::shared_ptr<const View> view;
  store::Document moment;
  Deadline deadline;
};

// The included versions, none of which is among the matches, each once, in the order in which they are met; a warning where there
// would be more than max_included.
std::vector<store::Version> included(const IncludeContext& context, const Query& query,
                                     const std::vector<store::Version>& matches, model::Issues& warnings);

// "Observation:subject" for each reference parameter of the type; for each parameter that may refer to it.
std::vector<std::string> include_names(const model::Schema& schema, const Extractor& extractor, model::TypeId type);
std::vector<std::string> revinclude_names(const model::Schema& schema, const Extractor& extractor, model::TypeId type);

// True if a reference parameter's targets admit the type; no targets admit any.
bool refers_to(const model::Schema& schema, const model::SearchParameterRow& parameter, model::TypeId type);

}  // namespace search
