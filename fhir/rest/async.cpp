#include "fhir/rest/async.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "fhir/rest/bundle_answer.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/routes.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

// Interactions that may take long and change nothing.
constexpr std::array<std::string_view, 6> long_reads{"search-type",      "search-system", "search-compartment",
                                                     "history-instance", "history-type",  "history-system"};

constexpr std::size_t most_body = 64u << 10;  // of a request that waits: there may be many

// 130 bits from the system's source, in base 32: who has the id may read the result, so nobody must be able to guess it.
std::string secret_id() {
  static constexpr char digits[] = "0123456789abcdefghijklmnopqrstuv";
  std::array<unsigned char, 26> bytes;
  if (getentropy(bytes.data(), bytes.size()) != 0) throw std::runtime_error("the system has no random numbers");
  std::string id;
  for (const auto byte : bytes) id += digits[byte & 31];
  return id;
}

model::Failure too_many(std::string text) { return failure(FailureKind::too_many, IssueCode::throttled, std::move(text)); }

// Handlers may answer on another thread, later.
Response answer_of(const Context& context, const ExchangePtr& asked) {
  std::mutex mutex;
  std::condition_variable arrived;
  std::optional<Response> answer;
  const auto done = first_answer([&](Response response) {
    const std::lock_guard lock(mutex);
    answer = std::move(response);
    arrived.notify_one();
  });
  try {
    asked->route->handler(context, asked, done);
  } catch (const std::exception&) {
    done(unexpected_response());
  }
  std::unique_lock lock(mutex);
  arrived.wait(lock, [&] { return answer.has_value(); });
  return std::move(*answer);
}

std::string as_bundle(const Exchange& asked, const Response& response) {
  EntryAnswer answer;
  answer.status = response.status;
  answer.last_modified = response.last_modified;
  std::string outcome;
  if (response.body && response.status >= 400) {
    answer.outcome = *response.body;
  } else if (response.body) {
    answer.resource = *response.body;
    if (!asked.ignored.empty()) {  // what Warning headers say of an answer that comes at once
      model::Issues issues;
      for (const auto& name : asked.ignored) {
        issues.warn(IssueCode::not_supported, "The parameter '" + name + "' is not supported here and was ignored");
      }
      outcome = outcome_text(issues);
      answer.outcome = outcome;
    }
  }
  BundleText text("batch-response", (response.body ? response.body->size() : 0) + 512);
  add_answer(text, answer);
  return text.end();
}

}  // namespace

AsyncJobs::~AsyncJobs() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& [id, job] : jobs_) job->given_up->store(true);
  }
  ready_.notify_all();
  for (auto& thread : threads_) thread.join();
}

model::Result<std::string> AsyncJobs::start(std::shared_ptr<Exchange> asked) {
  const auto& options = context_.options;
  auto job = std::make_shared<Job>();
  job->client = asked->request.client;
  job->asked_at = Clock::now();
  job->answer_as = asked->answer_as;
  job->pretty = asked->pretty;
  job->asked = std::move(asked);
  job->asked->given_up = job->given_up;
  const std::lock_guard lock(mutex_);
  forget_old();
  std::size_t waiting = 0, of_client = 0;
  for (const auto& [id, other] : jobs_) {
    if (other->state == Status::State::done) continue;
    ++waiting;
    of_client += other->client == job->client;
  }
  if (of_client >= options.async_jobs_per_client) {
    return too_many("This client has " + std::to_string(of_client) +
                    " asynchronous requests under way, and no more are taken; delete one, or wait for one to end");
  }
  if (waiting >= options.async_jobs) return too_many("Too many asynchronous requests are under way; try again in a while");
  auto id = secret_id();
  jobs_.emplace(id, job);
  queue_.push_back(std::move(job));
  if (threads_.size() < options.async_workers) threads_.emplace_back([this] { work(); });
  make_room();
  ready_.notify_one();
  return id;
}

std::optional<AsyncJobs::Status> AsyncJobs::find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  forget_old();
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return std::nullopt;
  const auto& job = *found->second;
  Status status;
  status.state = job.state;
  status.age = Clock::now() - job.asked_at;
  if (job.state == Status::State::done) status.age = job.done_at + context_.options.async_keep - Clock::now();
  status.before = static_cast<std::size_t>(std::find(queue_.begin(), queue_.end(), found->second) - queue_.begin());
  status.result = job.result;
  status.answer_as = job.answer_as;
  status.pretty = job.pretty;
  return status;
}

bool AsyncJobs::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  forget_old();
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return false;
  erase(found);
  return true;
}

void AsyncJobs::forget_results() {
  const std::lock_guard lock(mutex_);
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    const auto next = std::next(job);
    if (job->second->state != Status::State::queued) erase(job);
    job = next;
  }
}

void AsyncJobs::erase(std::map<std::string, JobPtr>::iterator job) {
  job->second->given_up->store(true);
  if (job->second->result) result_bytes_ -= job->second->result->size();
  std::erase(queue_, job->second);
  jobs_.erase(job);
}

void AsyncJobs::forget_old() {
  const auto now = Clock::now();
  while (!done_.empty()) {
    const auto found = jobs_.find(done_.front());
    if (found != jobs_.end()) {
      if (found->second->done_at + context_.options.async_keep > now) return;
      erase(found);
    }
    done_.pop_front();
  }
}

// Results that were not fetched go, the oldest first, where there are too many or they are too large together.
void AsyncJobs::make_room() {
  const auto& options = context_.options;
  while (!done_.empty() && (result_bytes_ > options.async_result_bytes || jobs_.size() > options.async_jobs)) {
    if (const auto found = jobs_.find(done_.front()); found != jobs_.end()) erase(found);
    done_.pop_front();
  }
}

void AsyncJobs::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const auto job = std::move(queue_.front());
    queue_.pop_front();
    job->state = Status::State::running;
    lock.unlock();
    auto result = std::make_shared<const std::string>(carry_out(*job));
    lock.lock();
    const auto found = std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& each) { return each.second == job; });
    if (found == jobs_.end()) continue;  // deleted meanwhile
    job->state = Status::State::done;
    job->asked = nullptr;
    job->done_at = Clock::now();
    job->result = std::move(result);
    result_bytes_ += job->result->size();
    done_.push_back(found->first);
    make_room();
  }
}

std::string AsyncJobs::carry_out(Job& job) const {
  const auto most = context_.options.async_result_bytes;
  auto text = as_bundle(*job.asked, answer_of(context_, job.asked));
  if (text.size() <= most) return text;
  const auto refused = failure(FailureKind::bad_request, IssueCode::too_costly,
                               "The result has " + std::to_string(text.size()) + " bytes; at most " + std::to_string(most) +
                                   " are kept: ask for fewer resources with _count");
  return as_bundle(*job.asked, failure_response(refused));
}

bool is_asynchronous(const Context& context, const Exchange& exchange) {
  if (exchange.request.body.size() > most_body) return false;  // RFC 7240 2: a preference may be ignored
  return exchange.prefer.respond_async && !exchange.in_bundle && exchange.route != nullptr && context.options.async_workers > 0 &&
         exchange.request.method != "HEAD" &&
         std::find(long_reads.begin(), long_reads.end(), exchange.route->interaction) != long_reads.end();
}

Response accept_asynchronous(const Context& context, const Exchange& exchange) {
  const auto id = context.jobs.start(std::make_shared<Exchange>(exchange));
  if (!id) {
    auto response = failure_response(id.error());
    response.headers.emplace_back("Retry-After", "10");
    return response;
  }
  const auto url = base_url(context, exchange) + "/_async/" + *id;
  model::Issues issues;
  issues.add(
      {model::Severity::information, IssueCode::informational, "The request is being carried out; its status is at " + url, {}});
  auto response = json_response(202, outcome_text(issues));
  response.headers.emplace_back("Content-Location", url);
  response.headers.emplace_back("Preference-Applied", "respond-async");  // RFC 7240 section 3
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace rest
