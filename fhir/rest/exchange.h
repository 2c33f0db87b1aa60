// Exchange: one request on its way to its answer, and what every interaction needs to give it.
//
// Made by dispatch() (routes.h), handed to a Handler, kept alive by whoever will answer. One thread at a time.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/rest/ids.h"
#include "fhir/rest/negotiate.h"
#include "fhir/rest/prefer.h"
#include "fhir/rest/service.h"
#include "fhir/rest/target.h"

namespace rest {

struct Route;
class AsyncJobs;
struct BundleElements;
struct Once;
struct LargeContent;
struct Provenance;
class CommitBell;

// What outlives every request: references into the Service.
struct Context {
  const model::Schema& schema;
  store::Store& store;
  search::Search& search;
  const ServiceOptions& options;
  IdSource& ids;
  const BundleElements& bundle;
  CommitBell& bell;
  AsyncJobs& jobs;
  std::function<std::shared_ptr<const std::string>(const std::string& base_url)> capability_statement;
  const model::TypeId binary = schema.resource_type("Binary");
};

struct Exchange {
  Request request;
  Target target;
  const Route* route = nullptr;
  MediaType answer_as = MediaType::fhir_json;
  bool pretty = false;
  Preferences prefer;
  search::Access access;                              // who asks: later filled from the token, today everything may be seen
  bool in_bundle = false;                             // an entry of a batch: no Bundle within a Bundle
  std::optional<std::int64_t> modified_since;         // its request.ifModifiedSince, in milliseconds since 1970
  std::shared_ptr<const std::atomic<bool>> given_up;  // of asynchronous requests: set when nobody wants the answer any more
  store::Lane lane = store::Lane::normal;
  std::shared_ptr<const LargeContent> content;  // of a Binary that is written, if it is kept apart
  std::shared_ptr<Provenance> provenance;       // of a write: to be made beside what it writes (provenance.h)
  std::shared_ptr<Once> once;                   // the Idempotency-Key (once.h); null: it carries none
  std::vector<std::string> ignored;             // parameters that were not understood: named in Warning headers
  std::vector<std::string> remarks;             // what else a Warning header tells, a sentence each
};

using ExchangePtr = std::shared_ptr<Exchange>;
// Called exactly once, on the caller's thread or on the store's writer.
using Done = std::function<void(Response)>;
using Handler = void (*)(const Context&, ExchangePtr, Done);

// Passes the first answer on and drops later ones: after an exception nobody can tell whether there was one.
Done first_answer(Done done);

// What the asker calls this server: in all that goes out, "https://x.org/fhir".
const std::string& base_url(const Context& context, const Exchange& exchange);
// That, and the name that the server has of its own if it is another: absolute URLs that come in below either are ours.
std::vector<std::string> base_urls(const Context& context, const Exchange& exchange);
// "Patient/1" of "[base]/Patient/1", for each of base_urls(); all else unchanged.
std::string_view below_base_url(const Context& context, const Exchange& exchange, std::string_view url);

// The first value of a parameter of the URL; nullptr if it was not sent.
const std::string* argument(const Exchange& exchange, std::string_view name);

// Faults parameters that are neither in `known` nor general ones (_format, _pretty): a failure under handling=strict, else they
// are noted as ignored. R4 search.html#errors, applied to every interaction.
model::Result<void> check_parameters(Exchange& exchange, std::initializer_list<std::string_view> known);

}  // namespace rest
