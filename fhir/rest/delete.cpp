#include "fhir/rest/conditional.h"
#include "fhir/rest/interactions.h"
#include "fhir/rest/write.h"

namespace rest {
namespace {

struct Deletion {
  ExchangePtr exchange;
  Preconditions conditions;
  std::string what;                       // "Patient/1"
  std::optional<store::Version> version;  // the deletion; nullopt: there was nothing to delete
};

model::Result<void> write(Deletion& deletion, store::WriteContext& writer) {
  deletion.version.reset();
  const auto& target = deletion.exchange->target;
  const auto current = writer.current(target.type, target.id);
  if (auto refused = check(deletion.conditions, deletion.what, current)) return *refused;
  if (!current || current->deleted()) return {};
  store::Draft draft;
  draft.type = target.type;
  draft.id = target.id;
  draft.method = store::Method::remove;
  deletion.version = writer.put(std::move(draft));
  return {};
}

// R4 http.html#delete: 204, or 200 with a payload; the same if there was nothing to delete. The ETag lets a client bring it back
// to life.
Response deleted(const Deletion& deletion) {
  Response response;
  response.status = 204;
  if (deletion.exchange->prefer.answer == Return::outcome) {
    model::Issues issues;
    issues.add({model::Severity::information,
                model::IssueCode::informational,
                deletion.version ? "Deleted " + deletion.what : deletion.what + " does not exist: there was nothing to delete",
                {}});
    response = json_response(200, outcome_text(issues));
  }
  if (deletion.version) add_version(response, *deletion.version);
  return response;
}

}  // namespace

void remove(const Context& context, ExchangePtr exchange, Done done) {
  if (argument(*exchange, "_hardDelete")) return erase_all(context, std::move(exchange), std::move(done));
  if (auto checked = check_parameters(*exchange, {}); !checked) return done(failure_response(checked.error()));
  const auto& target = exchange->target;
  auto conditions = parse_preconditions(exchange->request);
  if (!conditions) return done(failure_response(conditions.error()));
  auto deletion = std::make_shared<Deletion>();
  deletion->exchange = exchange;
  deletion->conditions = std::move(*conditions);
  deletion->what = std::string(context.schema.type_name(target.type)) + "/" + target.id.substr(0, 64);
  if (!is_id(target.id)) {  // nothing can be stored there
    const auto refused = check(deletion->conditions, deletion->what, std::nullopt);
    return done(refused ? failure_response(*refused) : deleted(*deletion));
  }
  submit(
      context, exchange, [deletion](store::WriteContext& writer) { return write(*deletion, writer); },
      [deletion] { return deleted(*deletion); }, std::move(done));
}

}  // namespace rest
