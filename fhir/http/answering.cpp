#include "fhir/http/answering.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <thread>
#include <utility>

#include "fhir/http/content_coding.h"
#include "fhir/http/forwarded.h"
#include "fhir/http/refusals.h"

namespace http {

namespace {

// What a request takes of memory while it is carried out, for each byte of its body: tree, terms, what is stored, an answer. Most
// take 6 to 8, the worst 20 (tests/http/hostile.cpp has them).
constexpr std::uint64_t work_per_byte = 8;
constexpr std::uint64_t unfolded_per_byte = 8;  // of one in a content coding, until that is undone
constexpr auto longest_wait = std::chrono::seconds(10);
constexpr auto between_tries = std::chrono::milliseconds(50);

rest::Response plain_refusal(const std::string& why) {
  return refusal(406, model::IssueCode::not_supported, "Accept-Encoding refuses a plain answer, and " + why);
}

}  // namespace

void Answering::begin_with(std::string client, bool proxied) {
  client_ = std::move(client);
  proxied_ = proxied;
  held_.belongs_to(proxied ? std::string() : client_);
  worked_on_.belongs_to(proxied ? std::string() : client_);
}

inline void Answering::begin(const RequestReader& reader) {
  started_ = Clock::now();
  request_bytes_ = reader.received;
  decoded_ = false;
  reads_ = reader.request.method == "GET" || reader.request.method == "HEAD";
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
  if (reader.host_wrong) {
    keep_alive_ = false;
    return respond_ourselves(request, refusal(400, model::IssueCode::invalid, "The Host header names no host"));
  }
  if (proxied_) {
    auto forwarding = read_forwarding(request, shared_.proxies, shared_.service->options());
    if (!forwarding) return respond_ourselves(request, refusal(400, forwarding.error().issues));
    request.base_url = std::move(forwarding->base_url);
    terms_.client = std::move(forwarding->client);
  }
  if (terms_.takes_nothing()) {  // RFC 9110 12.5.3; before anything is done
    return respond_ourselves(request, plain_refusal("takes none of the codings " + known_codings()));
  }
  if (request.body.empty() && !request.sink) {
    if (auto response = shared_.service->try_quick(request)) {
      const bool has_room = held_.resize(response->body ? response->body->size() : 0);
      if (has_room && !terms_.wants_coding(*response)) return respond(std::move(*response));
    }
  }
  request.client = terms_.client.empty() ? client_ : terms_.client;
  terms_.keep(request);
  begin_work(std::move(request), Clock::now() + longest_wait);
}

// Once there is memory for it. Others that are worked on will be done, so it waits for a while.
void Answering::begin_work(rest::Request request, Clock::time_point patience) {
  if (!make_room(request)) {
    if (Clock::now() >= patience) return respond_ourselves(terms_.asked(), busy_refusal());
    if (!waiting_for_room_) waiting_for_room_.emplace(loop_->context);
    waiting_for_room_->expires_after(between_tries);
    waiting_for_room_->async_wait(
        [self = shared_from_this(), patience, waits = std::move(request)](boost::system::error_code trouble) mutable {
          if (!trouble) self->begin_work(std::move(waits), patience);
        });
    return;
  }
  if (!request.sink) held_.resize(0);  // a sink has yet what came
  auto work = [self = shared_from_this(), sent = std::move(request)]() mutable { self->work(std::move(sent)); };
  if (shared_.workers->post(std::move(work), who())) return;
  worked_on_.resize(0);
  respond_ourselves(terms_.asked(), busy_refusal());
}

// From a worker: a body that has turned out larger than was thought waits as others do.
void Answering::wait_decoded(rest::Request request) {
  boost::asio::post(loop_->context, [self = shared_from_this(), waits = std::move(request)]() mutable {
    self->worked_on_.resize(0);
    if (self->held_.resize(waits.body.size())) return self->begin_work(std::move(waits), Clock::now() + longest_wait);
    self->respond_ourselves(self->terms_.asked(), busy_refusal());
  });
}

bool Answering::make_room(const rest::Request& request) {
  const bool coded = !decoded_ && !request.header("Content-Encoding").empty();
  return worked_on_.resize(request.body.size() * work_per_byte * (coded ? unfolded_per_byte : 1));
}

// On the loop.
void Answering::send(rest::Response response) {
  const std::uint64_t bytes = response.body ? response.body->size() : response.source ? response.source->held() : 0;
  reads_ = reads_ || response.interaction.starts_with("search");
  const bool as_large_as_asked = !reads_ && bytes <= worked_on_.size();
  worked_on_.resize(0);
  if (reads_ && response.source && terms_.refuses_plain()) {
    auto refused = plain_refusal("this content is sent in no coding");
    shared_.service->complete(terms_.asked(), refused);
    return respond(std::move(refused));
  }
  if (!held_.resize(bytes, as_large_as_asked || response.status >= 400)) response = without_room(std::move(response));
  respond(std::move(response));
}

// What was asked for may have been done, which its answer must not hide.
rest::Response Answering::without_room(rest::Response response) const {
  const bool has_tag =
      std::any_of(response.headers.begin(), response.headers.end(), [](const auto& h) { return h.first == "ETag"; });
  if (!reads_ && has_tag) {  // of a write: its representation was a preference
    response.body = nullptr;
    response.source = nullptr;
    response.content_type.clear();
    return response;
  }
  auto refused = busy_refusal(reads_ ? "" : "What the request writes has been carried out; what it reads finds no room. ");
  shared_.service->complete(terms_.asked(), refused);
  return refused;
}

// On a worker.
void Answering::work(rest::Request request) {
  const auto coding = request.header("Content-Encoding");
  if (!coding.empty() && !request.body.empty() && !decoded_) {
    auto decoded = decode_content(std::move(request.body), coding, shared_.options.max_body_bytes);
    if (!decoded) {
      auto response = coding_refusal(decoded.error());
      shared_.service->complete(request, response);
      return finish(std::move(response));
    }
    request.body = std::move(*decoded);
    decoded_ = true;
    if (!make_room(request)) return wait_decoded(std::move(request));
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
    if (!self->shared_.workers->post(rest, self->who())) boost::asio::post(self->loop_->context, rest);
  });
}

// From any thread: hands the answer to the loop.
void Answering::finish(rest::Response response) {
  boost::asio::post(loop_->context,
                    [self = shared_from_this(), answer = std::move(response)]() mutable { self->send(std::move(answer)); });
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
