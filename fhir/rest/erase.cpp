// Erasure: versions taken away for good. README.md, "Erasure".
//
// R4 has no interaction for it. DELETE [type]/[id]/_history and DELETE [type]/[id]/_history/[vid] are those of FHIR's next
// version (delete-history, delete-history-version); `_hardDelete` is what users of other servers know.

#include <algorithm>

#include "fhir/rest/async.h"
#include "fhir/rest/conditional.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/interactions.h"
#include "fhir/rest/read.h"
#include "fhir/rest/write.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;
using store::Erasure;

// What cannot be had with an erasure: silence would mean that it was.
model::Result<void> check_erasure(const Context& context, Exchange& exchange, Erasure::Extent extent) {
  if (!context.options.allow_erasure) {
    return failure(FailureKind::forbidden, IssueCode::forbidden,
                   "Erasure is not allowed on this server: it was not started with --allow-erasure");
  }
  if (exchange.target.slash_behind) {  // "Patient/1/_history/" may have lost its version
    return failure(FailureKind::bad_request, IssueCode::invalid,
                   "What is to be erased is not clear: the address ends with a '/'");
  }
  const auto& arguments = exchange.target.arguments;
  if (std::count_if(arguments.begin(), arguments.end(), [](const auto& each) { return each.name == "_hardDelete"; }) > 1) {
    return failure(FailureKind::bad_request, IssueCode::invalid, "_hardDelete may stand only once");
  }
  const auto checked =
      extent == Erasure::Extent::all ? check_parameters(exchange, {"_hardDelete"}) : check_parameters(exchange, {});
  if (!checked) return checked.error();
  if (!exchange.ignored.empty()) {
    return failure(FailureKind::bad_request, IssueCode::not_supported,
                   "An erasure takes no parameter '" + exchange.ignored.front().substr(0, 60) + "'");
  }
  const auto conditions = parse_preconditions(exchange.request);
  if (!conditions) return conditions.error();
  if (conditions->match.present || conditions->none_match.present || conditions->unmodified_since || exchange.provenance ||
      exchange.once) {
    return failure(FailureKind::bad_request, IssueCode::not_supported,
                   "An erasure takes neither If-Match, If-None-Match, If-Unmodified-Since, X-Provenance nor Idempotency-Key");
  }
  return {};
}

Response erased(const Exchange& exchange, const std::string& what, std::uint64_t versions) {
  Response response;
  response.status = 204;
  if (exchange.prefer.answer == Return::outcome) {
    model::Issues issues;
    issues.add({model::Severity::information,
                IssueCode::informational,
                "Erased " + std::to_string(versions) + (versions == 1 ? " version of " : " versions of ") + what,
                {}});
    response = json_response(200, outcome_text(issues));
  }
  return response;
}

void erase(const Context& context, ExchangePtr exchange, Erasure::Extent extent, Done done) {
  if (auto checked = check_erasure(context, *exchange, extent); !checked) return done(failure_response(checked.error()));
  const auto& target = exchange->target;
  Erasure erasure{target.type, target.id, extent, 0};
  auto what = std::string(context.schema.type_name(target.type)) + "/" + target.id.substr(0, 64);
  if (extent == Erasure::Extent::version) {
    what += "/_history/" + target.version.substr(0, 64);
    erasure.version = version_number(target.version).value_or(0);
  }
  context.store.erase(
      std::move(erasure), [&context, exchange, extent, what, done = std::move(done)](model::Result<store::Commit> result) {
        if (result) {
          context.jobs.forget_results();  // of asynchronous reads that may have seen it
          return done(erased(*exchange, what, *result));
        }
        const bool absent = result.error().kind == FailureKind::not_found;
        // As a delete of what is not there.
        if (absent && extent == Erasure::Extent::all) return done(erased(*exchange, what, 0));
        if (absent) return done(failure_response(failure(FailureKind::not_found, IssueCode::not_found, "There is no " + what)));
        done(failure_response(result.error()));
      });
}

}  // namespace

void erase_all(const Context& context, ExchangePtr exchange, Done done) {
  if (const auto& value = *argument(*exchange, "_hardDelete"); value != "true") {
    return done(failure_response(failure(FailureKind::bad_request, IssueCode::value,
                                         "_hardDelete is '" + value.substr(0, 60) + "'; it may be true, or left out")));
  }
  erase(context, std::move(exchange), Erasure::Extent::all, std::move(done));
}

void erase_history(const Context& context, ExchangePtr exchange, Done done) {
  erase(context, std::move(exchange), Erasure::Extent::history, std::move(done));
}

void erase_version(const Context& context, ExchangePtr exchange, Done done) {
  erase(context, std::move(exchange), Erasure::Extent::version, std::move(done));
}

}  // namespace rest
