// The nine parameter types: how each turns a resource's values into terms, and a query's value into scans.
//
// R4 search.html#ptypes. One file per type (token.cpp, date.cpp ...), one row each in parameter_types.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/model/result.h"
#include "resources-gen/model/tree.h"
#include "search/scan.h"

namespace search {

// R4 search.html#prefix
enum class Prefix : std::uint8_t { eq, ne, gt, lt, ge, le, sa, eb, ap };
// R4 search.html#modifiers. `type` is :Patient on a reference. Which of them a parameter type takes stands in its row.
enum class Modifier : std::uint8_t {
  none,
  missing,
  exact,
  contains,
  not_,
  text,
  in,
  not_in,
  below,
  above,
  of_type,
  identifier,
  type
};

struct ScanContext {
  const model::Schema& schema;
  const model::SearchParameterRow& parameter;
  model::ParameterId parameter_id;
  model::TypeId base;                      // the type searched
  std::span<const std::string> base_urls;  // absolute references below them are local
  Modifier modifier = Modifier::none;
  model::TypeId modifier_type = model::no_type;  // of Modifier::type
  std::int64_t now_ms = 0;                       // for `ap` on dates
};

// Extraction -----------------------------------------------------------------------------------------------------------

// All terms of a resource for every search parameter of its type (Resource's and DomainResource's too, but for _id and
// _lastUpdated, which the planner answers from the store). Compiles all expressions once, at construction (a few ms). Any thread
// may call extract().
class Extractor {
 public:
  explicit Extractor(const model::Schema& schema, std::vector<std::string> base_urls = {});
  ~Extractor();
  std::shared_ptr<const DocumentTerms> extract(const model::Tree& tree) const;
  // Parameters that are indexed for the type, by code, sorted; those whose expression is empty are not among them.
  std::span<const model::ParameterId> parameters(model::TypeId type) const;
  // The parameter of that code on the type, _id and _lastUpdated too; no_parameter if none.
  model::ParameterId parameter(model::TypeId type, std::string_view code) const;
  // Expressions that did not compile, with the reason (none for R4).
  const std::vector<std::string>& faults() const;
  // References of a resource under one reference parameter: (type, id) of local ones; for _include.
  struct Target {
    model::TypeId type;
    std::string id;
  };
  std::vector<Target> targets(const model::Tree& tree, model::ParameterId parameter) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};
inline constexpr model::ParameterId no_parameter = 0xfffe;

// Queries --------------------------------------------------------------------------------------------------------------

// The scans of one value (one alternative of an OR; escapes of `,` already undone where they separate, `\|` and `\$` still in
// place). Appends to `out`. Fails, naming parameter and value, where R4 gives the value no meaning ("date=2013-13",
// "value-quantity=abc"). `negated` is set where the value asks for all other resources, those without any value included (`:not`,
// `:missing=true`): then `scans` holds what is to be excluded. `:not=a,b` excludes both (R5 says so of R4's open point). The
// prefix `ne` is no negation: it compares each value, so its scans select the values that differ, and a resource without a value
// does not match.
struct ValueScans {
  std::vector<Scan> scans;
  bool negated = false;
};
model::Result<ValueScans> value_scans(const ScanContext& context, std::string_view value);

// True if a parameter type takes the modifier.
bool takes(model::ParameterType type, Modifier modifier);

// Sorting: the part of a term that orders it (R4 search.html#sort): of a date its low end, of a string its folded form, of a
// quantity its number ... Empty view for terms that do not sort (tag_present, a token's system-only term ...). The view lies
// within `term`. What stands before it is the term's *run*: within a run terms ascend by their keys, so that sorting merges a few
// runs per segment; a date's therefore orders by low both ways.
std::string_view sort_key(model::ParameterType type, std::string_view term, bool descending);

// Folds a string as string search does: NFD, marks stripped, case folded (R4 search.html#string).
std::string fold(std::string_view text);

}  // namespace search
