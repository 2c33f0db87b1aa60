// Query: one parsed search, over one type or several. Immutable once parsed; any thread may read.
//
// R4 search.html. README.md, "Queries", says what is taken, in which form it is kept, and what is left out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/formats/subset.h"
#include "search/page.h"
#include "search/parameter_types.h"
#include "search/scan.h"
#include "search/search.h"

namespace search {

// [from, to), milliseconds since 1970 UTC.
struct TimeRange {
  std::int64_t from = 0;
  std::int64_t to = 0;
};

struct ResourceName {
  model::TypeId type = model::no_type;
  std::string id;
};

// What one `name=a,b` asks: conditions are ANDed, alternatives within one are ORed.
struct Condition {
  enum class Kind : std::uint8_t { terms, id, last_updated };
  Kind kind = Kind::terms;
  // terms: a union, each clause perhaps negated. A clause is about documents of its own type, so a query over several types has
  // clauses for each of them, by rising type: of a type without one nothing matches.
  std::vector<Clause> any;
  std::optional<ResourceName> itself;  // terms: and this resource
  std::vector<std::string> ids;        // id: these, or (negated) all others; sorted
  bool negated = false;
  std::vector<TimeRange> ranges;  // last_updated: disjoint, ascending
  std::string label;              // as applied: "code=http://loinc.org|1234-5"

  // True if only documents that hold a term of `any`, or are named, can match: then it can drive a plan.
  bool positive() const;
};
// Does this version, with these terms, satisfy the condition? For staged versions and tests.
bool matches(const store::Version& version, const DocumentTerms& terms, const Condition& condition);

struct SortKey {
  enum class Kind : std::uint8_t { parameter, id, last_updated };
  Kind kind = Kind::parameter;
  std::vector<model::ParameterId> parameters;  // by Query::types, all of one type
  model::ParameterType type = model::ParameterType::string;
  bool descending = false;
};

// One _include or _revinclude. Forward: parameters of `source`, one of the types searched; reverse: of any type.
struct Inclusion {
  bool reverse = false;
  model::TypeId source = model::no_type;
  std::vector<model::ParameterId> parameters;
  model::TypeId target = model::no_type;  // no_type: any
  std::string label;
};

class Query {
 public:
  std::vector<model::TypeId> types;  // searched, ascending; one of a search by type
  std::string place;                 // where, below the base: "Patient", "Patient/1/*"; empty: all types
  std::vector<Condition> conditions;
  std::vector<SortKey> sort;  // empty: document order
  bool oldest_first = false;  // document order, and the order of ties
  std::uint32_t count = 20;
  bool count_only = false;  // _count=0, _summary=count
  formats::Subset subset;   // what of the matches is shown; of included resources too, unless it is a list of elements
  Total total = Total::automatic;
  std::vector<Inclusion> inclusions;
  std::optional<Position> position;  // of _page; none: the first page, now
  std::int64_t now_ms = 0;           // the instant that `ap` is relative to; pages keep it
  std::vector<std::string> base_urls;
  std::size_t size = 0;                   // scans of its conditions, inclusions, warnings: most of what it takes to keep it
  std::uint32_t max_milliseconds = 5000;  // of one page
  std::shared_ptr<const std::atomic<bool>> given_up;
  std::string normal;  // what was applied, as a query string without _page
  model::Issues warnings;

  bool is_over(model::TypeId type) const;
  std::string address() const { return place + "?" + normal; }  // what a page's token belongs to
};

inline constexpr std::string_view types_parameter = "_type";
std::vector<model::TypeId> resource_types(const model::Schema& schema);  // concrete ones, ascending

// What parsing needs from its surroundings.
struct QueryContext {
  const model::Schema& schema;
  const Extractor& extractor;
  const PageKey& page_key;
  std::int64_t now_ms;
};
model::Result<std::shared_ptr<const Query>> parse_query(const QueryContext& context, const Scope& scope,
                                                        const std::vector<Argument>& arguments, const ParseOptions& options);

}  // namespace search
