// DELETE [type]?criteria: conditional delete, of one or many. R4 http.html#3.1.0.7.1.

#include "fhir/rest/condition.h"
#include "fhir/rest/conditional.h"
#include "fhir/rest/interactions.h"
#include "fhir/rest/write.h"

namespace rest {
namespace {

constexpr std::size_t bulk_deletes = 100;  // beyond it others' small writes go first

struct Deletion {
  ExchangePtr exchange;
  Condition condition;
  Preconditions conditions;
  std::vector<store::Version> versions;  // the deletions
};

model::Result<void> write(const Context& context, Deletion& deletion, store::WriteContext& writer) {
  deletion.versions.clear();
  const auto matches = matches_to_delete(context, deletion.condition, 0, true);
  if (!matches) return matches.error();
  for (const auto& match : *matches) {
    const auto what = std::string(context.schema.type_name(match.type)) + "/" + match.id;
    if (auto refused = check(deletion.conditions, what, match)) return *refused;
  }
  for (const auto& match : *matches) {
    store::Draft draft;
    draft.type = match.type;
    draft.id = match.id;
    draft.method = store::Method::remove;
    deletion.versions.push_back(writer.put(std::move(draft)));
  }
  return {};
}

Response deleted(const Context& context, const Deletion& deletion) {
  Response response;
  response.status = 204;
  const auto& versions = deletion.versions;
  if (deletion.exchange->prefer.answer == Return::outcome) {
    const std::string type(context.schema.type_name(deletion.condition.type));
    model::Issues issues;
    for (const auto& version : versions)
      issues.add({model::Severity::information, model::IssueCode::informational, "Deleted " + type + "/" + version.id, {}});
    if (versions.empty()) {
      issues.add({model::Severity::information,
                  model::IssueCode::informational,
                  type + "?" + deletion.condition.text + " matches nothing: there was nothing to delete",
                  {}});
    }
    response = json_response(200, outcome_text(issues));
  }
  if (versions.size() == 1) add_version(response, versions.front());
  return response;
}

}  // namespace

void remove_matching(const Context& context, ExchangePtr exchange, Done done) {
  auto condition = parse_criteria(context, *exchange, "DELETE");
  if (!condition) return done(failure_response(condition.error()));
  auto conditions = parse_preconditions(exchange->request);
  if (!conditions) return done(failure_response(conditions.error()));
  auto deletion = std::make_shared<Deletion>();
  deletion->exchange = exchange;
  deletion->condition = std::move(*condition);
  deletion->conditions = std::move(*conditions);
  // What is on disk decides already where that is nothing, or too much.
  const auto matches = matches_to_delete(context, deletion->condition, 0, false);
  if (!decided_in_writer(*exchange)) {
    if (!matches) return done(failure_response(matches.error()));
    if (matches->empty()) return done(deleted(context, *deletion));
  }
  // An entry of a batch stays in the lane of the others: they are carried out in their order.
  if (matches && matches->size() > bulk_deletes && !exchange->in_bundle) exchange->lane = store::Lane::bulk;
  submit(
      context, exchange, [&context, deletion](store::WriteContext& writer) { return write(context, *deletion, writer); },
      [&context, deletion] { return deleted(context, *deletion); }, std::move(done));
}

}  // namespace rest
