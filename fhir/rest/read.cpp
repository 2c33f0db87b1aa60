#include "fhir/rest/read.h"

#include "fhir/rest/binary_answer.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/interactions.h"
#include "fhir/rest/partial.h"

namespace rest {

using model::failure;
using model::FailureKind;
using model::IssueCode;

model::Failure unknown_resource(const model::Schema& schema, model::TypeId type, std::string_view id) {
  return failure(FailureKind::not_found, IssueCode::not_found,
                 std::string(schema.type_name(type)) + "/" + std::string(id.substr(0, 100)) + " is not known");
}

model::Failure deleted_resource(const model::Schema& schema, const store::Version& version) {
  return failure(FailureKind::gone, IssueCode::deleted,
                 std::string(schema.type_name(version.type)) + "/" + version.id + " was deleted: version " +
                     std::to_string(version.version) + " is the deletion");
}

std::optional<model::Failure> unmet(const model::Schema& schema, const ReadConditions& conditions,
                                    const store::Version& version) {
  if (!conditions.only_if.match.present && !conditions.only_if.unmodified_since) return std::nullopt;
  return check(conditions.only_if, std::string(schema.type_name(version.type)) + "/" + version.id, version);
}

void doubt_date(const Context& context, ReadConditions& conditions, const store::Version& version) {
  if (!conditions.of_date || !conditions.unchanged_until || version.version < 2) return;
  const auto older = context.store.as_of(version.type, version.id, version.document - 1);
  if (older && older->last_updated / 1000 == version.last_updated / 1000) conditions.unchanged_until.reset();
}

Response resource_response(const model::Schema& schema, const store::Store::Rendered& resource, const ReadConditions& conditions,
                           const formats::Subset& subset) {
  Response response;
  response.headers.reserve(4);
  if (resource.version.deleted()) {
    response = failure_response(deleted_resource(schema, resource.version));
    // R4 http.html#read: an ETag lets a client bring the resource back to life without a lost update.
    add_version(response, resource.version);
    return response;
  }
  if (const auto refused = unmet(schema, conditions, resource.version)) return failure_response(*refused);
  add_version(response, resource.version);
  if (not_modified(conditions, resource.version)) {
    response.status = 304;
  } else {
    response.body = shown(resource.body, schema, subset);
  }
  return response;
}

void read(const Context& context, ExchangePtr exchange, Done done) {
  if (auto checked = check_parameters(*exchange, {"_summary", "_elements"}); !checked)
    return done(failure_response(checked.error()));
  const auto& target = exchange->target;
  const auto subset = read_subset(*exchange, context.schema, target.type);
  if (!subset) return done(failure_response(subset.error()));
  auto conditions = parse_read_conditions(*exchange);
  if (!conditions) return done(failure_response(conditions.error()));
  const auto found = is_id(target.id) ? context.store.read(target.type, target.id) : std::nullopt;
  if (!found) return done(failure_response(unknown_resource(context.schema, target.type, target.id)));
  doubt_date(context, *conditions, found->version);
  if (target.type == context.binary && !found->version.deleted())
    return done(binary_response(context, *exchange, *found, *conditions, *subset));
  done(resource_response(context.schema, *found, *conditions, *subset));
}

}  // namespace rest
