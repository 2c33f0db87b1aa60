// What the pump refuses by itself, before or instead of the service: each with an OperationOutcome, in JSON as yet
// (rest::Endpoint::complete).
#pragma once

#include <boost/system/error_code.hpp>
#include <string>
#include <string_view>

#include "fhir/http/request_reader.h"
#include "fhir/http/server.h"

namespace http {

rest::Response refusal(int status, const model::Issues& issues);
rest::Response refusal(int status, model::IssueCode code, std::string diagnostics);

// There is no worker, or no memory, for a request now; `before` begins the sentence.
rest::Response busy_refusal(std::string_view before = {});
// Why a request could not be read.
rest::Response reading_refusal(boost::system::error_code trouble, const RequestReader& reader, const ServerOptions& options);
// Its chunk extensions or its trailer went on beyond the header's limit.
rest::Response trailer_refusal(const ServerOptions& options);
// Its Content-Encoding could not be undone.
rest::Response coding_refusal(const model::Failure& failure);
// Its body could not be taken.
rest::Response body_refusal(const model::Failure& failure);

}  // namespace http
