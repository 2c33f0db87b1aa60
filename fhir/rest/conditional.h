// Conditional headers: entity tags, and what they and dates ask of a resource's current version.
//
// R4 http.html#versioning (ETag is W/"versionId"), #cread, #concurrency; RFC 9110 8.8, 13.1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/rest/http_date.h"
#include "fhir/rest/service.h"
#include "resources-gen/model/result.h"
#include "store/store.h"

namespace rest {

struct Exchange;

std::string etag(std::uint64_t version);  // W/"3"

// The value of If-Match or If-None-Match. Absent: everything is well.
struct Tags {
  bool present = false;
  bool any = false;                     // "*"
  std::vector<std::uint64_t> versions;  // weak or strong; tags that no version of ours can have match nothing
  std::string text;                     // as sent, for diagnostics

  bool name(std::uint64_t version) const;  // true if `*`, or the version is listed
};
// Fails with 400 on what is no list of entity tags: to ignore it would undo the client's protection.
model::Result<Tags> parse_tags(std::string_view value, std::string_view header);

// The value of a header that may be sent once only, as a search or a key may; nullopt if it was not sent. Fails with 400 if it
// was sent more often, or is empty: what a client asked for would be ignored.
model::Result<std::optional<std::string_view>> only_value(const Request& request, std::string_view header);

// What a write asks of the version it replaces.
struct Preconditions {
  Tags match;                                    // If-Match
  Tags none_match;                               // If-None-Match: "*" is a write only if there is no such resource
  std::optional<std::int64_t> unmodified_since;  // If-Unmodified-Since, seconds since 1970; of no weight beside If-Match
};
// Those of a request's headers. Fails with 400.
model::Result<Preconditions> parse_preconditions(const Request& request);
// Checked in the writer, against the newest version (nullopt: there never was one). 412 if not met. A deleted one counts as
// absent, but for an If-Match that names the deletion; an If-Unmodified-Since is not met if it was deleted since.
std::optional<model::Failure> check(const Preconditions& conditions, std::string_view what,
                                    const std::optional<store::Version>& current);

// What a read asks of the version it would show.
struct ReadConditions {
  Preconditions only_if;                        // of If-Match and If-Unmodified-Since: else 412
  Tags none_match;                              // If-None-Match, and
  std::optional<std::int64_t> unchanged_until;  // If-Modified-Since: 304 for what was written then, in milliseconds, or before
  bool of_date = false;                         // that is one of HTTP's, of a whole second
};
// Fails with 400. Of an entry of a Bundle ifModifiedSince, to the millisecond; HTTP's dates are whole seconds.
model::Result<ReadConditions> parse_read_conditions(const Exchange& exchange);

// RFC 9110 13.2.2: If-None-Match decides, If-Modified-Since only without it.
bool not_modified(const ReadConditions& conditions, const store::Version& version);

}  // namespace rest
