#include "fhir/http/answering.h"

#include <boost/asio/post.hpp>
#include <thread>
#include <utility>

#include "fhir/http/content_coding.h"
#include "fhir/http/forwarded.h"
#include "fhir/http/refusals.h"

namespace http {

inline void Answering::begin(const RequestReader& reader) {
  started_ = Clock::now();
  request_bytes_ = reader.received;
  if (shared_.log) {
    log_method_ = reader.request.method;
    log_target_.clear();
  }
  terms_.read(reader.request, shared_.cors);
}

void Answering::answer_unread(RequestReader& reader, rest::Response response) {
  begin(reader);
  keep_alive_ = false;
  old_version_ = reader.version < 11;
  head_ = reader.request.method == "HEAD";
  respond_ourselves(reader.request, std::move(response));
}

void Answering::respond_ourselves(const rest::Request& request, rest::Response response) {
  shared_.service->complete(request, response);
  respond(std::move(response));
}

void Answering::answer(RequestReader& reader) {
  auto& request = reader.request;
  begin(reader);
  if (shared_.log) log_target_ = request.target;
  keep_alive_ = reader.keep_alive();
  old_version_ = reader.version < 11;
  head_ = request.method == "HEAD";
  if (reader.hosts > 1 || (!old_version_ && reader.hosts == 0)) {  // RFC 9112 3.2
    keep_alive_ = false;
    return respond_ourselves(request, refusal(400, model::IssueCode::invalid, "A request needs exactly one Host header"));
  }
  if (proxied_) {
    auto forwarding = read_forwarding(request, shared_.proxies, shared_.service->options());
    if (!forwarding) return respond_ourselves(request, refusal(400, forwarding.error().issues));
    request.base_url = std::move(forwarding->base_url);
    terms_.client = std::move(forwarding->client);
  }
  if (terms_.takes_nothing()) {  // RFC 9110 12.5.3; before anything is done
    return respond_ourselves(request,
                             refusal(406, model::IssueCode::not_supported,
                                     "Accept-Encoding refuses a plain answer and takes none of the codings " + known_codings()));
  }
  if (request.body.empty() && !request.sink) {
    if (auto response = shared_.service->try_quick(request)) {
      if (!terms_.wants_coding(*response)) return respond(std::move(*response));
    }
  }
  request.client = terms_.client.empty() ? client_ : terms_.client;
  terms_.keep(request);
  auto work = [self = shared_from_this(), sent = std::move(request)]() mutable { self->work(std::move(sent)); };
  if (!shared_.workers->post(std::move(work))) {
    auto response = refusal(503, model::IssueCode::throttled, "The server is busy: try again in a moment");
    response.headers.emplace_back("Retry-After", "1");
    respond_ourselves(terms_.asked(), std::move(response));
  }
}

// On a worker.
void Answering::work(rest::Request request) {
  const auto coding = request.header("Content-Encoding");
  if (!coding.empty() && !request.body.empty()) {
    auto decoded = decode_content(std::move(request.body), coding, shared_.options.max_body_bytes);
    if (!decoded) {
      auto response = coding_refusal(decoded.error());
      shared_.service->complete(request, response);
      return finish(std::move(response));
    }
    request.body = std::move(*decoded);
  }
  const auto here = std::this_thread::get_id();
  shared_.service->handle(std::move(request), [self = shared_from_this(), here](rest::Response response) {
    if (!response.form && !self->terms_.wants_coding(response)) return self->finish(std::move(response));
    auto boxed = std::make_shared<rest::Response>(std::move(response));
    auto rest = [self, boxed] {
      rest::finish_body(*boxed);
      if (self->terms_.wants_coding(*boxed)) self->terms_.encode(*boxed);
      self->finish(std::move(*boxed));
    };
    // What takes time with the body's size is for a worker: this may be the store's writer, for which every write waits. With no
    // worker to be had it is for the loop, which keeps its own connections waiting only.
    if (std::this_thread::get_id() == here) return rest();
    if (!self->shared_.workers->post(rest)) boost::asio::post(self->loop_->context, rest);
  });
}

// From any thread: hands the answer to the loop.
void Answering::finish(rest::Response response) {
  boost::asio::post(loop_->context,
                    [self = shared_from_this(), answer = std::move(response)]() mutable { self->respond(std::move(answer)); });
}

void Answering::write_log(const rest::Response& response, std::uint64_t sent) const {
  AccessRecord record;
  record.client = terms_.client.empty() ? client_ : terms_.client;
  record.method = log_method_;
  record.target = log_target_;
  record.interaction = response.interaction;
  for (const auto& [name, value] : response.headers) {
    if (name == "X-Request-Id") record.request_id = value;
    if (name == "X-Correlation-Id") record.correlation_id = value;
  }
  record.status = response.status;
  record.request_bytes = request_bytes_;
  record.response_bytes = sent;
  record.microseconds = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_).count();
  shared_.log->write(record);
}

}  // namespace http
