// What read, vread and the quick path share: a stored version as an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "fhir/rest/conditional.h"
#include "fhir/rest/exchange.h"
#include "fhir/rest/service.h"
#include "resources-gen/formats/subset.h"
#include "resources-gen/model/result.h"
#include "store/store.h"

namespace rest {

// Version ids are the counting numbers, written plainly: "1" is one, "01" and "+1" are none.
std::optional<std::uint64_t> version_number(std::string_view text);

model::Failure unknown_resource(const model::Schema& schema, model::TypeId type, std::string_view id);
model::Failure deleted_resource(const model::Schema& schema, const store::Version& version);

// What If-Match or If-Unmodified-Since has against showing the version; nullopt: nothing.
std::optional<model::Failure> unmet(const model::Schema& schema, const ReadConditions& conditions, const store::Version& version);

// HTTP's dates are whole seconds: of two versions of one second If-Modified-Since cannot say that the last is the one it names.
// Takes the condition back where that may be.
void doubt_date(const Context& context, ReadConditions& conditions, const store::Version& version);

// 200 with the body, 304 if the client has it, 412 if it is not what the client means, 410 for a deletion; ETag and Last-Modified
// unless it is 412. R4 http.html#read, #cread; RFC 9110 13. Of a part of the resource the ETag is that of the version too.
Response resource_response(const model::Schema& schema, const store::Store::Rendered& resource, const ReadConditions& conditions,
                           const formats::Subset& subset = {});

}  // namespace rest
