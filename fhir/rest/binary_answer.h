// A Binary as an answer: its content as it is, or the resource that holds it. R4 binary.html, http.html#binary.
#pragma once

#include "fhir/rest/conditional.h"
#include "fhir/rest/exchange.h"
#include "resources-gen/formats/subset.h"

namespace rest {

// True for a read that may be answered with content in its own type, so that Accept need not name one of FHIR's.
bool reads_content(const Context& context, const Exchange& exchange);

// The answer to a read of a Binary that is there: by Accept and `_format` the resource, else the content, in part if Range says
// so. May set the exchange's format.
Response binary_response(const Context& context, Exchange& exchange, const store::Store::Rendered& resource,
                         const ReadConditions& conditions, const formats::Subset& subset);

// The whole resource in JSON, of large content: `stored` is what is stored of it.
std::shared_ptr<BodySource> large_resource(const store::Store& store, std::string_view stored, const store::Blob& blob);
// Sets what is asked for of such a resource as the body of `response`, in the exchange's format; with its data it is made while
// it is sent. A page is without them.
void set_large_resource(const Context& context, const Exchange& exchange, const std::shared_ptr<const std::string>& stored,
                        const formats::Subset& subset, const store::Blob& blob, Response& response);

}  // namespace rest
