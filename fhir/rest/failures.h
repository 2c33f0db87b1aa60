// Failures and answers: how what happened becomes a status, headers and an OperationOutcome.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/rest/service.h"
#include "resources-gen/model/result.h"
#include "store/store.h"

namespace rest {

int status_of(model::FailureKind kind);

// An OperationOutcome in minified JSON.
std::string outcome_text(const model::Issues& issues);
// An OperationOutcome with the failure's status. Content-Type is added when the exchange is finished.
Response failure_response(const model::Failure& failure);
// A 500 that says nothing of our insides.
Response unexpected_response();
Response json_response(int status, std::string body);
// Adds ETag and Last-Modified. R4 http.html#versioning.
void add_version(Response& response, const store::Version& version);

// The faults of several parts of one request, collected so that one answer names them all. The failure has the kind that all
// share, else 400.
class Faults {
 public:
  void add(model::FailureKind kind, model::IssueCode code, std::string diagnostics, std::string expression);
  // Each issue of `failure` under `expression`: "Bundle.entry[3]".
  void add(const model::Failure& failure, std::string_view expression);
  bool empty() const { return failure_.issues.empty(); }
  std::size_t count() const { return failure_.issues.size(); }  // of those told
  bool full() const { return full_; }                           // some are not told
  const model::Failure& failure() const { return failure_; }

 private:
  void note(model::FailureKind kind);
  model::Failure failure_{model::FailureKind::bad_request, {}};
  bool any_ = false;
  bool full_ = false;
};

}  // namespace rest
