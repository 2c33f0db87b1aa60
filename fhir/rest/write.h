// What create, update, delete and transactions share: from a body to a Draft on the worker, from a Version to an answer on the
// writer.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "fhir/rest/exchange.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/once.h"
#include "fhir/rest/provenance.h"
#include "resources-gen/formats/json.h"

namespace rest {

// A resource ready for the writer, and its bytes for an answer that shows it.
struct Prepared {
  store::Draft draft;
  std::string form;  // stored form; empty if nobody will ask for it
  formats::MetaHole hole = formats::MetaHole::new_meta;
  model::Issues warnings;  // what reading it found, short of an error

  // The resource as it reads at that version. Needs `form`.
  std::string rendered(const store::Version& version) const;
};

// Reads a body that must be some resource, in the format that its Content-Type names: 400 if it cannot be read, 415. Faults of
// its content are in the result.
model::Result<formats::ReadResult> read_any_body(const Context& context, const Exchange& exchange,
                                                 const formats::ReadLimits& limits = {});
// Reads a body that must be a resource of `type`: 400 if it cannot be read or is of another type, 415, 422 with every fault of
// its content, and for a part of a resource that is to replace the whole.
model::Result<formats::ReadResult> read_body(const Context& context, const Exchange& exchange, model::TypeId type);
// `edits` as in formats::stored_form. `keep_form`: rendered() will be asked for.
Prepared prepare(const Context& context, const model::Tree& tree, std::string id, store::Method method, bool keep_form);

// True if a write's answer shows the resource: by Prefer, and by default for single interactions (R4 http.html#ops leaves that to
// us).
bool shows_resource(const Exchange& exchange);
// The answer to a write that succeeded: ETag, Last-Modified, Location, Content-Location where a condition chose the resource, and
// the body that Prefer asks for.
Response written(const Context& context, const Exchange& exchange, int status, const store::Version& version,
                 const Prepared& prepared);
// "Patient/1/_history/2", and with the base before it.
std::string version_path(const model::Schema& schema, const store::Version& version);
std::string location(const Context& context, const Exchange& exchange, const store::Version& version);

// The completion of an operation whose success `answer()` turns into a Response. Exceptions become a 500.
template <typename Answer>
store::Completion completion(Done done, Answer answer) {
  return [done = std::move(done), answer = std::move(answer)](model::Result<store::Commit> result) {
    try {
      done(result ? answer() : failure_response(result.error()));
    } catch (...) {
      done(unexpected_response());  // `done` keeps to its first call
    }
  };
}

// Queues an operation, with the Provenance that was sent along; `done` is called when it is on disk, with `answer()` if it
// succeeded, else with its failure. If the exchange carries an Idempotency-Key, the answer is part of the commit, and where there
// is one already the operation does not run. So `answer()` may be called twice, the first time by the operation, before the
// commit; where it cannot read a version then that it shows, it says so in Response::shown.
template <typename Answer>
void submit(const Context& context, const ExchangePtr& exchange, store::Operation operation, Answer answer, Done done) {
  operation = with_provenance(context, exchange, std::move(operation));
  if (exchange->once) return submit_once(context, exchange, std::move(operation), std::move(answer), std::move(done));
  context.store.submit(std::move(operation), exchange->lane, completion(std::move(done), std::move(answer)));
}

// True where only the writer may decide: an answer that is kept for an Idempotency-Key, or an entry of a batch, before which
// others may still wait for the writer (R4 http.html#brules: their order is a transaction's).
inline bool decided_in_writer(const Exchange& exchange) { return exchange.in_bundle || exchange.once; }

// Refuses for what is on disk, as a worker saw it: to be used instead of `done(failure_response(failure))` wherever another time
// might have another answer.
inline void refuse(const Context& context, const ExchangePtr& exchange, const model::Failure& failure, const Done& done) {
  if (exchange->once) return refuse_once(context, exchange, failure, done);
  done(failure_response(failure));
}

}  // namespace rest
