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

struct Creation {
  ExchangePtr exchange;
  Prepared prepared;
  std::optional<Condition> condition;
  store::Version version;  // made, or found to match
  bool matched = false;
};

// R4 http.html#ccreate: with one match the post is ignored.
Response matched_response(const Context& context, const Exchange& exchange, const store::Version& version) {
  Response response;
  response.headers.emplace_back("Location", location(context, exchange, version));
  add_version(response, version);
  if (exchange.prefer.answer == Return::outcome) {
    model::Issues issues;
    issues.add({model::Severity::information,
                IssueCode::informational,
                version_path(context.schema, version) + " matches If-None-Exist: nothing was created",
                {}});
    response.body = std::make_shared<const std::string>(outcome_text(issues));
  } else if (shows_resource(exchange)) {
    if (const auto rendered = context.store.render(version.document)) response.body = rendered->body;
    response.shown = version.document;
  }
  return response;
}

model::Failure several(const Context& context, const Condition& condition, const std::vector<store::Version>& matches) {
  return failure(FailureKind::precondition_failed, IssueCode::multiple_matches,
                 "If-None-Exist " + several_matches(context, condition, matches));
}

model::Result<void> write(const Context& context, Creation& creation, store::WriteContext& writer) {
  creation.matched = false;
  if (creation.condition) {
    const auto matches = find_matches(context, *creation.condition, 2, true);
    if (!matches) return matches.error();
    if (matches->size() > 1) return several(context, *creation.condition, *matches);
    if (matches->size() == 1) {
      creation.matched = true;
      creation.version = matches->front();
      return {};
    }
  }
  creation.version = writer.put(creation.prepared.draft);
  if (creation.version.version != 1) {  // a client has put a resource under the id that we were about to give
    return failure(FailureKind::conflict, IssueCode::conflict,
                   "The id chosen for the new resource was taken meanwhile; send it again");
  }
  return {};
}

}  // namespace

void create(const Context& context, ExchangePtr exchange, Done done) {
  if (auto checked = check_parameters(*exchange, {}); !checked) return done(failure_response(checked.error()));
  const auto type = exchange->target.type;
  auto read = read_body(context, *exchange, type);
  if (!read) return done(failure_response(read.error()));
  auto creation = std::make_shared<Creation>();
  creation->exchange = exchange;
  const auto criteria = only_value(exchange->request, "If-None-Exist");
  if (!criteria) return done(failure_response(criteria.error()));
  if (*criteria) {
    auto condition = parse_condition(context, *exchange, type, **criteria, "If-None-Exist");
    if (!condition) return done(failure_response(condition.error()));
    // What is on disk already decides without the writer; only "no match" must be looked at again there.
    if (!decided_in_writer(*exchange)) {
      const auto matches = find_matches(context, *condition, 2, false);
      if (!matches) return done(failure_response(matches.error()));
      if (matches->size() > 1) return done(failure_response(several(context, *condition, *matches)));
      if (matches->size() == 1) return done(matched_response(context, *exchange, matches->front()));
    }
    creation->condition = std::move(*condition);
  }
  creation->prepared = prepare(context, read->tree, context.ids.next(), store::Method::post, shows_resource(*exchange));
  keep_content(context, *exchange, creation->prepared);
  creation->prepared.warnings = std::move(read->issues);
  submit(
      context, exchange, [&context, creation](store::WriteContext& writer) { return write(context, *creation, writer); },
      [&context, creation] {
        return creation->matched ? matched_response(context, *creation->exchange, creation->version)
                                 : written(context, *creation->exchange, 201, creation->version, creation->prepared);
      },
      std::move(done));
}

}  // namespace rest
