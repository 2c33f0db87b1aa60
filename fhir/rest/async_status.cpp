// The status of an asynchronous request, its result, its end. R5 async-bundle.html.

#include "fhir/rest/async.h"
#include "fhir/rest/conditional.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/interactions.h"
#include "resources-gen/model/temporal.h"

namespace rest {
namespace {

using State = AsyncJobs::Status::State;

Response unknown_job() {
  return failure_response(model::failure(
      model::FailureKind::not_found, model::IssueCode::not_found,
      "There is no such asynchronous request: it was deleted, its result has expired, records were erased, or the server was "
      "started anew since"));
}

std::int64_t seconds(AsyncJobs::Clock::duration time) { return std::chrono::duration_cast<std::chrono::seconds>(time).count(); }

// Soon at first, then less and less often.
std::int64_t ask_again_after(AsyncJobs::Clock::duration age) { return std::clamp<std::int64_t>(seconds(age) / 4, 1, 30); }

}  // namespace

void async_status(const Context& context, ExchangePtr exchange, Done done) {
  if (auto checked = check_parameters(*exchange, {}); !checked) return done(failure_response(checked.error()));
  const auto status = context.jobs.find(exchange->target.id);
  if (!status) return done(unknown_job());
  Response response;
  if (status->state != State::done) {
    response.status = 202;
    response.headers.emplace_back("X-Progress", status->state == State::running
                                                    ? "running; asked for " + std::to_string(seconds(status->age)) + " s ago"
                                                    : "waiting; " + std::to_string(status->before) + " before it");
    response.headers.emplace_back("Retry-After", std::to_string(ask_again_after(status->age)));
    return done(std::move(response));
  }
  // The Accept header of the request that was taken up says how the result is written, not that of this one.
  exchange->answer_as = status->answer_as;
  exchange->pretty = status->pretty;
  response.body = status->result;
  response.headers.emplace_back(
      "Expires", http_date(model::now_ms() + std::chrono::duration_cast<std::chrono::milliseconds>(status->age).count()));
  done(std::move(response));
}

void async_cancel(const Context& context, ExchangePtr exchange, Done done) {
  if (auto checked = check_parameters(*exchange, {}); !checked) return done(failure_response(checked.error()));
  if (!context.jobs.remove(exchange->target.id)) return done(unknown_job());
  Response response;
  response.status = 202;
  done(std::move(response));
}

}  // namespace rest
