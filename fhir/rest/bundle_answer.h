// The answer to a batch or transaction, an entry for each entry asked. R4 http.html#transaction-response.
#pragma once

#include <string>
#include <string_view>

#include "fhir/rest/bundle_text.h"
#include "fhir/rest/exchange.h"

namespace rest {

struct EntryAnswer {
  int status = 200;
  std::string full_url;       // of the resource, where there is one to show
  std::string_view resource;  // JSON; empty if none
  std::string_view outcome;   // JSON; empty if none
  std::string location;       // "Patient/1/_history/2"
  std::string_view etag;
  std::int64_t last_modified = 0;  // milliseconds since 1970; 0 if none
};

void add_answer(BundleText& text, const EntryAnswer& answer);
// Makes an entry's answer short, for when those before it have taken most_answer_bytes: a read fails (too costly), a write goes
// without the resource that it shows, faults without their details.
void shorten(const Exchange& asked, Response& response);
// An interaction's Response as an entry. `asked` is what was asked on the entry's behalf.
void add_answer(const Context& context, BundleText& text, const Exchange& asked, const Response& response);

}  // namespace rest
