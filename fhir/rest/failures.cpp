#include "fhir/rest/failures.h"

#include <array>
#include <cstdio>

#include "fhir/rest/conditional.h"
#include "resources-gen/formats/json.h"
#include "resources-gen/model/bounded_issues.h"

namespace rest {
namespace {

using model::FailureKind;

struct FailureRow {
  FailureKind kind;
  int status;
};
// The one place where failures meet HTTP. R4 http.html#Status-Codes.
constexpr std::array<FailureRow, 18> failure_rows{{
    {FailureKind::bad_request, 400},
    {FailureKind::unauthorized, 401},
    {FailureKind::forbidden, 403},
    {FailureKind::not_found, 404},
    {FailureKind::method_not_allowed, 405},
    {FailureKind::not_acceptable, 406},
    {FailureKind::conflict, 409},
    {FailureKind::gone, 410},
    {FailureKind::precondition_failed, 412},
    {FailureKind::too_large, 413},
    {FailureKind::unsupported_media, 415},
    {FailureKind::unprocessable, 422},
    {FailureKind::too_many, 429},
    {FailureKind::internal, 500},
    {FailureKind::not_implemented, 501},
    {FailureKind::unavailable, 503},
    {FailureKind::timeout, 503},
    {FailureKind::no_space, 507},
}};

}  // namespace

std::string outcome_text(const model::Issues& issues) { return formats::operation_outcome(issues); }

int status_of(FailureKind kind) {
  for (const auto& row : failure_rows) {
    if (row.kind == kind) return row.status;
  }
  return 500;
}

Response json_response(int status, std::string body) {
  Response response;
  response.status = status;
  response.body = std::make_shared<const std::string>(std::move(body));
  return response;
}

Response failure_response(const model::Failure& failure) {
  if (failure.kind == FailureKind::internal) {  // its text may tell of paths and the like: it is for us
    for (const auto& issue : failure.issues)
      std::fprintf(stderr, "kiln: a request failed unexpectedly: %s\n", issue.diagnostics.c_str());
    return unexpected_response();
  }
  return json_response(status_of(failure.kind), outcome_text(failure.issues));
}

Response unexpected_response() {
  model::Issues issues;
  issues.error(model::IssueCode::exception, "The server met a situation that it did not expect; its log says more");
  return json_response(500, outcome_text(issues));
}

void add_version(Response& response, const store::Version& version) {
  response.headers.emplace_back("ETag", etag(version.version));
  response.headers.emplace_back("Last-Modified", http_date(version.last_updated));
  response.last_modified = version.last_updated;
}

void Faults::note(FailureKind kind) {
  if (any_ && failure_.kind != kind) kind = FailureKind::bad_request;
  failure_.kind = kind;
  any_ = true;
}

void Faults::add(FailureKind kind, model::IssueCode code, std::string diagnostics, std::string expression) {
  note(kind);
  full_ = !model::add_bounded(failure_.issues, {model::Severity::error, code, std::move(diagnostics), std::move(expression)});
}

void Faults::add(const model::Failure& failure, std::string_view expression) {
  for (const auto& issue : failure.issues) {
    if (issue.severity == model::Severity::error || issue.severity == model::Severity::fatal) {
      add(failure.kind, issue.code, issue.diagnostics, std::string(expression));
    }
  }
}

}  // namespace rest
