// Result<T>: a value, or the Failure for which a request cannot proceed.
//
// A Failure's kind decides the HTTP status (one table, fhir/rest/failures.cpp); its issues become the OperationOutcome.
#pragma once

#include <boost/system/result.hpp>

#include <string>
#include <utility>

#include "resources-gen/model/issues.h"

namespace model {

enum class FailureKind : std::uint8_t {
  bad_request,          // 400: not understood: syntax of the request, of JSON, of a parameter
  unauthorized,         // 401
  forbidden,            // 403
  not_found,            // 404
  method_not_allowed,   // 405
  not_acceptable,       // 406
  conflict,             // 409
  gone,                 // 410
  precondition_failed,  // 412: If-Match, or several matches of a condition
  too_large,            // 413
  unsupported_media,    // 415
  unprocessable,        // 422: understood, but not a valid resource
  too_many,             // 429
  internal,             // 500
  not_implemented,      // 501
  unavailable,          // 503
  timeout,              // 503 with too-costly
  no_space,             // 507: the disk or the map is full
};

struct Failure {
  FailureKind kind = FailureKind::internal;
  Issues issues;  // at least one of severity error
};

inline Failure failure(FailureKind kind, IssueCode code, std::string diagnostics, std::string expression = {}) {
  Failure result{kind, {}};
  result.issues.error(code, std::move(diagnostics), std::move(expression));
  return result;
}

// What boost::system::result calls when value() is asked of a failure: a defect of the caller.
[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location& place);

template <typename T>
using Result = boost::system::result<T, Failure>;

}  // namespace model
