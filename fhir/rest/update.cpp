#include "fhir/rest/binary_content.h"
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
  Prepared prepared;
  Preconditions conditions;
  std::string what;  // "Patient/1"
  store::Version version;
  bool created = false;  // there was none, or it was deleted
};

model::Result<void> write(Update& update, store::WriteContext& writer) {
  const auto& draft = update.prepared.draft;
  const auto current = writer.current(draft.type, draft.id);
  if (auto refused = check(update.conditions, update.what, current)) return *refused;
  update.created = !current || current->deleted();
  update.version = writer.put(draft);
  return {};
}

// R4 http.html#update: the body carries the id of the address.
model::Result<void> check_id(const Exchange& exchange, const model::Tree& tree) {
  const auto id = tree.root().child("id");
  if (id && id.has_value() && id.text() == exchange.target.id) return {};
  const std::string type(tree.root().type_name());
  return failure(FailureKind::bad_request, IssueCode::invalid,
                 id && id.has_value()
                     ? "The body's id is '" + std::string(id.text().substr(0, 64)) + "', but the address is " + type + "/" +
                           exchange.target.id
                     : "The body has no id; an update to " + type + "/" + exchange.target.id + " must carry that id",
                 type + ".id");
}

}  // namespace

void update(const Context& context, ExchangePtr exchange, Done done) {
  if (auto checked = check_parameters(*exchange, {}); !checked) return done(failure_response(checked.error()));
  const auto& target = exchange->target;
  if (!is_id(target.id)) {
    return done(failure_response(failure(FailureKind::bad_request, IssueCode::value,
                                         "'" + target.id.substr(0, 100) + "' is no id: 1 to 64 letters, digits, '-' and '.'")));
  }
  auto conditions = parse_preconditions(exchange->request);
  if (!conditions) return done(failure_response(conditions.error()));
  auto read = read_body(context, *exchange, target.type);
  if (!read) return done(failure_response(read.error()));
  if (auto checked = check_id(*exchange, read->tree); !checked) return done(failure_response(checked.error()));
  auto update = std::make_shared<Update>();
  update->exchange = exchange;
  update->conditions = std::move(*conditions);
  update->what = std::string(context.schema.type_name(target.type)) + "/" + target.id;
  update->prepared = prepare(context, read->tree, target.id, store::Method::put, shows_resource(*exchange));
  keep_content(context, *exchange, update->prepared);
  update->prepared.warnings = std::move(read->issues);
  submit(
      context, exchange, [update](store::WriteContext& writer) { return write(*update, writer); },
      [&context, update] {
        return written(context, *update->exchange, update->created ? 201 : 200, update->version, update->prepared);
      },
      std::move(done));
}

}  // namespace rest
