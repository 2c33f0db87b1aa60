// Condition: search criteria that decide what a write does: If-None-Exist, PUT, PATCH and DELETE of Type?criteria, and references
// of the form Type?criteria.
//
// R4 http.html#ccreate, #cond-update, #3.1.0.7.1 (conditional delete), #trules. Criteria are always read strictly: a parameter
// left out would widen the condition.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/rest/exchange.h"

namespace rest {

struct Condition {
  model::TypeId type = model::no_type;
  std::string text;  // the criteria as sent, without "Type?"
  std::shared_ptr<const search::Query> query;
};

// Reads "identifier=x|1", "?identifier=x|1" or "Patient?identifier=x|1" (`type` given). Fails with 400: unknown or no filtering
// parameter.
model::Result<Condition> parse_condition(const Context& context, const Exchange& exchange, model::TypeId type,
                                         std::string_view text, std::string_view what);
// The criteria of a request to [type]?criteria; _format and _pretty may stand among them.
model::Result<Condition> parse_criteria(const Context& context, const Exchange& exchange, std::string_view what);

// The current versions that match, at most `limit`; `staged` as in Search::match. Fails (too costly) where that takes too long.
model::Result<std::vector<store::Version>> find_matches(const Context& context, const Condition& condition, std::size_t limit,
                                                        bool staged);

// True if the reference is `Type?criteria`, alone or below the service's base; then `type` and `criteria` are set.
bool is_conditional_reference(const Context& context, const Exchange& exchange, std::string_view reference, model::TypeId& type,
                              std::string_view& criteria);

// What a conditional delete deletes: all that match (R4 http.html#3.1.0.7.1 leaves that to the server), in one operation. 412
// where there are more than max_conditional_deletes, beside `others` that are deleted anyway.
model::Result<std::vector<store::Version>> matches_to_delete(const Context& context, const Condition& condition,
                                                             std::size_t others, bool staged);

// Whose id a conditional update writes.
struct UpdateTarget {
  std::string body_id;  // the id in the body; empty if none
  std::string new_id;   // what a resource gets that is made without one
};
// Why there is none.
model::Failure refused_target(const Context& context, const Condition& condition, const std::vector<store::Version>& matches,
                              const UpdateTarget& target);

// R4 http.html#cond-update: no match: a new resource, or an update as create of the body's id; one match: that, if the body has
// its id or none, else 400; several: 412. An id in the body that belongs to a resource which does not match is 409, as R5 has it.
template <typename Current>
model::Result<std::string> choose_target(const Context& context, const Condition& condition,
                                         const std::vector<store::Version>& matches, const UpdateTarget& target,
                                         Current current) {
  if (matches.size() == 1 && (target.body_id.empty() || target.body_id == matches[0].id)) return matches[0].id;
  if (matches.empty() && target.body_id.empty()) return target.new_id;
  if (matches.empty()) {
    const std::optional<store::Version> there = current(target.body_id);
    if (!there || there->deleted()) return target.body_id;
  }
  return refused_target(context, condition, matches, target);
}
// "Patient?identifier=x|1 matches more than one Patient (Patient/1, Patient/2 ...)".
std::string several_matches(const Context& context, const Condition& condition, const std::vector<store::Version>& matches);

}  // namespace rest
