#include "fhir/rest/service.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <mutex>

#include "fhir/rest/answer_form.h"
#include "fhir/rest/async.h"
#include "fhir/rest/binary_content.h"
#include "fhir/rest/bundle_elements.h"
#include "fhir/rest/capabilities.h"
#include "fhir/rest/commit_bell.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/header_text.h"
#include "fhir/rest/read.h"
#include "fhir/rest/request_id.h"
#include "fhir/rest/routes.h"

namespace rest {
namespace {

// Counts requests that may still be answered: operations in the store's queue refer to the context, which must not go before
// them. Shared with each of them, so that the last one may still touch it when the service is gone.
class UnderWay {
 public:
  void began() { count_.fetch_add(1, std::memory_order_relaxed); }
  void ended() {
    if (count_.fetch_sub(1, std::memory_order_acq_rel) != 1 || !closing_.load()) return;
    const std::lock_guard lock(mutex_);
    idle_.notify_all();
  }
  void wait() {
    closing_.store(true);
    std::unique_lock lock(mutex_);
    while (count_.load(std::memory_order_acquire) != 0) idle_.wait_for(lock, std::chrono::milliseconds(20));
  }

 private:
  std::atomic<std::uint64_t> count_{0};
  std::atomic<bool> closing_{false};
  std::mutex mutex_;
  std::condition_variable idle_;
};

}  // namespace

struct Service::Impl {
  Impl(const model::Schema& schema, store::Store& store, search::Search& search, ServiceOptions given)
      : options(std::move(given)),
        bundle(schema),
        bell(store),
        context{schema,  store, search,
                options, ids,   bundle,
                bell,    jobs,  [this](const std::string& base_url) { return statement(base_url); }},
        prefix(options.base_path + "/") {}

  // Kept for the base URL that was asked for last: hardly any server has two.
  std::shared_ptr<const std::string> statement(const std::string& base_url) {
    const std::lock_guard lock(statement_mutex);
    if (!statement_text || statement_base != base_url) {
      statement_text =
          std::make_shared<const std::string>(make_capability_statement(context.schema, context.search, base_url, options));
      statement_base = base_url;
    }
    return statement_text;
  }

  std::shared_ptr<void> token() {
    under_way->began();
    return {nullptr, [counter = under_way](void*) { counter->ended(); }};
  }

  ServiceOptions options;
  IdSource ids;
  BundleElements bundle;
  CommitBell bell;
  Context context;
  std::string prefix;  // of every path below the base

  std::mutex statement_mutex;
  std::string statement_base;
  std::shared_ptr<const std::string> statement_text;

  AsyncJobs jobs{context};  // goes first: what runs uses all the others

  const std::shared_ptr<UnderWay> under_way = std::make_shared<UnderWay>();
};

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equal_ignoring_case(key, name)) return trimmed(value);
  }
  return {};
}

Service::Service(const model::Schema& schema, store::Store& store, search::Search& search, ServiceOptions options)
    : impl_(std::make_unique<Impl>(schema, store, search, std::move(options))) {}

Service::~Service() { impl_->under_way->wait(); }

void Service::handle(Request request, std::function<void(Response)> done) {
  // Whoever may still answer holds `token`; with the last of them the context is no longer needed.
  const auto token = impl_->token();
  const auto once = first_answer([token, done = std::move(done)](Response response) { done(std::move(response)); });
  try {
    auto exchange = std::make_shared<Exchange>();
    exchange->request = std::move(request);
    dispatch(impl_->context, std::move(exchange), once);
  } catch (const std::exception& trouble) {
    std::fprintf(stderr, "kiln: a request failed unexpectedly: %s\n", trouble.what());
    once(unexpected_response());
  }
}

Response Service::handle(Request request) {
  std::mutex mutex;
  std::condition_variable arrived;
  std::optional<Response> answer;
  handle(std::move(request), [&](Response response) {
    const std::lock_guard lock(mutex);
    answer = std::move(response);
    arrived.notify_one();
  });
  std::unique_lock lock(mutex);
  arrived.wait(lock, [&] { return answer.has_value(); });
  finish_body(*answer);
  return std::move(*answer);
}

const ServiceOptions& Service::options() const { return impl_->options; }

std::shared_ptr<BodySink> Service::begin_body(const Request& head) {
  return content_sink(impl_->context, head, [this] { return impl_->token(); });
}

void Endpoint::complete(const Request& request, Response& response) const {
  response.headers.emplace_back("Content-Type", content_type(MediaType::fhir_json));
  add_request_ids(request.header("X-Request-Id"), request.header("X-Correlation-Id"), response);
}

void Service::complete(const Request& request, Response& response) const {
  const auto& base_url = request.base_url.empty() ? impl_->options.base_url : request.base_url;
  const auto arguments = arguments_of(request.target);
  // Which format is not acceptable is not what is wrong first: as of any answer to it, JSON is given then.
  const auto type = choose_answer(request, arguments);
  set_form(response, impl_->context.schema, base_url, type ? *type : MediaType::fhir_json, asks_pretty(arguments));
  finish_body(response);  // at once: it is short
  add_request_ids(request.header("X-Request-Id"), request.header("X-Correlation-Id"), response);
}

// [base]/[type]/[id] with nothing about it that read() would have to look at twice.
std::optional<Response> Service::try_quick(const Request& request) const {
  const auto& context = impl_->context;
  if (request.method != "GET" || !request.target.starts_with(impl_->prefix)) return std::nullopt;
  const auto path = std::string_view(request.target).substr(impl_->prefix.size());
  const auto slash = path.find('/');
  if (slash == std::string_view::npos || !is_id(path.substr(slash + 1))) return std::nullopt;
  const auto type = context.schema.resource_type(path.substr(0, slash));
  if (type == model::no_type || type == context.binary) return std::nullopt;

  MediaType answer_as = MediaType::fhir_json;
  bool accept = false;
  std::string_view none_match, request_id, correlation_id;
  for (const auto& [name, value] : request.headers) {
    switch (name.size()) {  // by length first: most headers are none of ours
      case 6:
        if (!equal_ignoring_case(name, "Accept")) break;
        if (std::exchange(accept, true)) return std::nullopt;
        if (value == "application/json") {
          answer_as = MediaType::json;
        } else if (value != "*/*" && value != "application/fhir+json") {
          return std::nullopt;
        }
        break;
      case 8:
        if (equal_ignoring_case(name, "If-Match")) return std::nullopt;
        break;
      case 12:
        if (equal_ignoring_case(name, "X-Request-Id")) request_id = value;
        break;
      case 13:
        if (!equal_ignoring_case(name, "If-None-Match")) break;
        if (!none_match.empty() || value.empty()) return std::nullopt;
        none_match = value;
        break;
      case 16:
        if (equal_ignoring_case(name, "X-Correlation-Id")) correlation_id = value;
        break;
      case 17:
        if (equal_ignoring_case(name, "If-Modified-Since")) return std::nullopt;
        break;
      case 19:
        if (equal_ignoring_case(name, "If-Unmodified-Since")) return std::nullopt;
        break;
      default:
        break;
    }
  }
  try {
    const auto found = context.store.cached(type, path.substr(slash + 1));
    if (!found || found->version.deleted()) return std::nullopt;
    ReadConditions conditions;
    if (!none_match.empty()) {
      auto parsed = parse_tags(none_match, "If-None-Match");
      if (!parsed) return std::nullopt;
      conditions.none_match = std::move(*parsed);
    }
    auto response = resource_response(context.schema, *found, conditions);
    response.interaction = "read";
    if (response.body) response.headers.emplace_back("Content-Type", content_type(answer_as));
    add_request_ids(request_id, correlation_id, response);
    return response;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace rest
