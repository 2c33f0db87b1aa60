// PUT [type]?criteria: conditional update. R4 http.html#cond-update.

#include "fhir/rest/binary_content.h"
#include "fhir/rest/condition.h"
#include "fhir/rest/conditional.h"
#include "fhir/rest/interactions.h"
#include "fhir/rest/write.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

struct Update {
  ExchangePtr exchange;
  Condition condition;
  Preconditions conditions;
  formats::ReadResult read;
  UpdateTarget target;
  Prepared prepared;
  store::Version version;
  bool created = false;
};

// Finds out which resource is meant and gets the draft ready for it, unless it is so already.
model::Result<void> plan(const Context& context, Update& update, store::WriteContext* writer) {
  const auto matches = find_matches(context, update.condition, 2, writer != nullptr);
  if (!matches) return matches.error();
  const auto type = update.condition.type;
  const auto id = choose_target(context, update.condition, *matches, update.target, [&](const std::string& each) {
    return writer ? writer->current(type, each) : context.store.current(type, each);
  });
  if (!id) return id.error();
  if (update.prepared.draft.id == *id) return {};
  update.prepared = prepare(context, update.read.tree, *id, store::Method::put, shows_resource(*update.exchange));
  keep_content(context, *update.exchange, update.prepared);
  update.prepared.warnings = update.read.issues;
  return {};
}

model::Result<void> write(const Context& context, Update& update, store::WriteContext& writer) {
  if (auto planned = plan(context, update, &writer); !planned) return planned;
  const auto& draft = update.prepared.draft;
  const auto current = writer.current(draft.type, draft.id);
  const auto what = std::string(context.schema.type_name(draft.type)) + "/" + draft.id;
  if (auto refused = check(update.conditions, what, current)) return *refused;
  if (draft.id == update.target.new_id && current) {
    return failure(FailureKind::conflict, IssueCode::conflict,
                   "The id chosen for the new resource was taken meanwhile; send it again");
  }
  update.created = !current || current->deleted();
  update.version = writer.put(draft);
  return {};
}

}  // namespace

void update_matching(const Context& context, ExchangePtr exchange, Done done) {
  auto condition = parse_criteria(context, *exchange, "PUT");
  if (!condition) return done(failure_response(condition.error()));
  auto conditions = parse_preconditions(exchange->request);
  if (!conditions) return done(failure_response(conditions.error()));
  auto read = read_body(context, *exchange, exchange->target.type);
  if (!read) return done(failure_response(read.error()));
  const auto id = read->tree.root().child("id");
  auto update = std::make_shared<Update>();
  update->exchange = exchange;
  update->condition = std::move(*condition);
  update->conditions = std::move(*conditions);
  update->target.body_id = id && id.has_value() ? id.text() : std::string_view();
  update->target.new_id = context.ids.next();
  update->read = std::move(*read);
  // What is on disk may refuse it already.
  const auto planned = plan(context, *update, nullptr);
  if (!planned && !decided_in_writer(*exchange)) return done(failure_response(planned.error()));
  submit(
      context, exchange, [&context, update](store::WriteContext& writer) { return write(context, *update, writer); },
      [&context, update] {
        return written(context, *update->exchange, update->created ? 201 : 200, update->version, update->prepared);
      },
      std::move(done));
}

}  // namespace rest
