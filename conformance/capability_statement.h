// CapabilityStatement: what the server claims, computed from the tables that it works by, so that it can claim no more and no
// less.
//
// R4 capabilitystatement.html. Interactions come from the caller's routes, search parameters from the index, types from the
// schema.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "resources-gen/model/schema.h"
#include "search/search.h"

namespace conformance {

struct Claims {
  std::vector<std::string> system_interactions;                 // codes of system-restful-interaction
  std::vector<std::string> type_interactions;                   // codes of type-restful-interaction, the same for every type
  std::vector<std::pair<std::string, std::string>> type_flags;  // members of every rest.resource and their JSON, beside our own
  std::vector<std::string> formats;
  std::vector<std::string> patch_formats;  // media types
  std::string base_url;                    // implementation.url
  bool system_search = false;              // all types can be searched at once
  bool compartments = false;               // compartments can be searched
  bool cors = false;                       // rest.security.cors
  bool erasure = false;                    // versions can be erased
};

// The resource in minified JSON. A few milliseconds and half a megabyte: to be kept.
std::string capability_statement(const model::Schema& schema, const search::Search& search, const Claims& claims);

}  // namespace conformance
