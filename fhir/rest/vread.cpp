#include <charconv>

#include "fhir/rest/binary_answer.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/interactions.h"
#include "fhir/rest/partial.h"
#include "fhir/rest/read.h"

namespace rest {

std::optional<std::uint64_t> version_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text[0] == '0') return std::nullopt;
  return number;
}

void vread(const Context& context, ExchangePtr exchange, Done done) {
  if (auto checked = check_parameters(*exchange, {"_summary", "_elements"}); !checked)
    return done(failure_response(checked.error()));
  const auto& target = exchange->target;
  const auto subset = read_subset(*exchange, context.schema, target.type);
  if (!subset) return done(failure_response(subset.error()));
  const auto conditions = parse_read_conditions(*exchange);
  if (!conditions) return done(failure_response(conditions.error()));
  const auto number = version_number(target.version);
  const auto version = number && is_id(target.id) ? context.store.version(target.type, target.id, *number) : std::nullopt;
  const auto found = version ? context.store.render(version->document) : std::nullopt;
  if (!found) {
    auto missing = unknown_resource(context.schema, target.type, target.id);
    const auto current = is_id(target.id) ? context.store.current(target.type, target.id) : std::nullopt;
    if (current) {
      missing = model::failure(model::FailureKind::not_found, model::IssueCode::not_found,
                               std::string(context.schema.type_name(target.type)) + "/" + target.id + " has no version '" +
                                   target.version.substr(0, 64) + "': its newest is " + std::to_string(current->version));
    }
    return done(failure_response(missing));
  }
  if (target.type == context.binary && !found->version.deleted())
    return done(binary_response(context, *exchange, *found, *conditions, *subset));
  done(resource_response(context.schema, *found, *conditions, *subset));
}

}  // namespace rest
