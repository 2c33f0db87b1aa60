#include "fhir/http/refusals.h"

#include <utility>

#include "fhir/http/content_coding.h"
#include "fhir/rest/failures.h"

namespace http {

using boost::beast::http::error;
using model::IssueCode;

rest::Response refusal(int status, const model::Issues& issues) {
  auto response = rest::json_response(status, rest::outcome_text(issues));
  response.interaction = "refused";
  return response;
}

rest::Response refusal(int status, IssueCode code, std::string diagnostics) {
  model::Issues issues;
  issues.error(code, std::move(diagnostics));
  return refusal(status, issues);
}

rest::Response busy_refusal(std::string_view before) {
  auto response = refusal(503, IssueCode::throttled, std::string(before) + "The server is busy: try again in a moment");
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

rest::Response reading_refusal(boost::system::error_code trouble, const RequestReader& reader, const ServerOptions& options) {
  if (trouble == error::header_limit && reader.request.method.empty()) {  // not even the first line came to its end
    return refusal(414, IssueCode::too_long,
                   "The request's target is longer than " + std::to_string(options.max_header_bytes) +
                       " bytes: searches can be sent by POST to [type]/_search");
  }
  if (trouble == error::header_limit && reader.is_header_done()) return trailer_refusal(options);
  if (trouble == error::header_limit && reader.many_fields) {
    return refusal(431, IssueCode::too_long,
                   "The request's header has more than " + std::to_string(RequestReader::most_fields) + " fields");
  }
  if (trouble == error::header_limit) {
    return refusal(431, IssueCode::too_long,
                   "The request's header is larger than " + std::to_string(options.max_header_bytes) + " bytes");
  }
  if (trouble == error::body_limit) {
    return refusal(413, IssueCode::too_long, "The request's body is larger than " + std::to_string(reader.limit) + " bytes");
  }
  if (trouble == error::bad_transfer_encoding && reader.unknown_coding) {  // RFC 9112 6.1
    return refusal(501, IssueCode::not_supported, "Of the transfer codings only 'chunked' is taken");
  }
  return refusal(400, IssueCode::invalid, "The request is not well-formed HTTP/1.1: " + trouble.message());
}

rest::Response trailer_refusal(const ServerOptions& options) {
  return refusal(431, IssueCode::too_long,
                 "A chunk's extension or the trailer is larger than " + std::to_string(options.max_header_bytes) + " bytes");
}

rest::Response coding_refusal(const model::Failure& failure) {
  auto response = body_refusal(failure);
  if (response.status == 415) response.headers.emplace_back("Accept-Encoding", known_codings());  // RFC 9110 15.5.16
  return response;
}

rest::Response body_refusal(const model::Failure& failure) {
  auto response = rest::failure_response(failure);
  response.interaction = "refused";
  return response;
}

}  // namespace http
