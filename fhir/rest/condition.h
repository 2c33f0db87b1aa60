// Condition: search criteria that decide what a write does: If-None-Exist, and references of the form Type?criteria.
//
// R4 http.html#ccreate, #trules. Criteria are always read strictly: a parameter left out would widen the condition.
#pragma once

#include <memory>
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
// True if the reference is `Type?criteria`, alone or below the service's base; then `type` and `criteria` are set.
bool is_conditional_reference(const Context& context, const Exchange& exchange, std::string_view reference, model::TypeId& type,
                              std::string_view& criteria);

// "Patient?identifier=x|1 matches more than one Patient (Patient/1, Patient/2 ...)".
std::string several_matches(const Context& context, const Condition& condition, const std::vector<store::Version>& matches);

}  // namespace rest
