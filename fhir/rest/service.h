// Service: the RESTful API as functions from a Request to a Response. No sockets here.
//
// R4 http.html. One file per interaction, one table of routes (routes.cpp); the CapabilityStatement is computed from it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resources-gen/model/issues.h"
#include "resources-gen/model/schema.h"
#include "search/search.h"
#include "store/store.h"

namespace rest {

// Takes a request's body while it comes, for what must not be held whole. What was taken goes with it, unless the request that it
// belongs to kept it.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // The next piece, its content coding undone; on a worker. `done` is called once, on any thread, when the next may come; a
  // failure is the request's answer. One piece at a time.
  virtual void take(std::string_view piece, std::function<void(model::Result<void>)> done) = 0;
  virtual std::uint64_t limit() const = 0;  // bytes that it takes at most
};

struct Request {
  std::string method;                                        // "GET"
  std::string target;                                        // origin form as received: "/fhir/Patient/1?_pretty=true"
  std::vector<std::pair<std::string, std::string>> headers;  // as received; names are compared without case
  std::string body;                                          // content decoding already undone
  std::string client;                                        // the address that asks; empty: not known
  std::string base_url;  // what a trusted proxy says that the client calls us, "https://x.org/fhir"; empty: the option's
  std::shared_ptr<BodySink> sink;  // has the body instead, if begin_body() gave one

  std::string_view header(std::string_view name) const;  // first value, empty if absent
};

// A body made while it is sent, for what must not be held whole: large content, a feed.
//
// Owned by the answer; asked on workers, one call at a time, never after it was destroyed (the client has gone, or all is sent).
class BodySource {
 public:
  enum class Next : std::uint8_t {
    more,   // something was appended; ask again when it is sent
    later,  // nothing yet: ask again when woken, or after a second
    end,    // all of it has been appended
    broken  // it cannot go on: the connection is closed before the body's end, so that the client knows
  };
  virtual ~BodySource() = default;
  // Appends the next piece to `out`: some 256 kB at most, or one resource. May block on disk, never on another client.
  virtual Next next(std::string& out) = 0;
  // Bytes in all, where known beforehand: Content-Length, else chunked coding.
  virtual std::optional<std::uint64_t> length() const { return std::nullopt; }
  // Bytes of memory that it keeps from one piece to the next, if that may be more than a little. Not asked during next().
  virtual std::uint64_t held() const { return 0; }
  // To be called once there may be more after `later`; from any thread, any number of times, also too often.
  virtual void on_more(std::function<void()> wake) { (void)wake; }
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // without Content-Length, Date, Server: the sender adds them
  // A resource in minified JSON, to be put into the format asked for; or, if content_type is set, what that says, as it is. May
  // be null: no body. Shared: a cached resource is not copied. The answer to a HEAD has the body of the GET: the sender leaves
  // it out.
  std::shared_ptr<const std::string> body;
  std::shared_ptr<BodySource> source;  // instead of body; then content_type is set
  // What makes of the body, which is JSON as yet, the form that was asked for: XML, a page, indented JSON. It takes time with the
  // body's size, and answers to writes come on the store's writer: whoever takes the answer calls finish_body().
  std::function<std::string(std::string_view json)> form;
  std::string content_type;
  store::Document shown = 0;       // the version that the body shows, if it shows one stored version whole
  std::int64_t last_modified = 0;  // milliseconds since 1970, 0 if none: Last-Modified has whole seconds only
  // For the access log, never record content:
  std::string_view interaction;  // "read", "search-type" ... static text
};

struct ServiceOptions {
  std::string base_path = "/fhir";
  std::string base_url;  // "http://127.0.0.1:8080/fhir", without a '/' at its end: for Location, fullUrl and links
  std::uint64_t max_body_bytes = 64u << 20;
  std::uint64_t max_binary_bytes = std::uint64_t{4} << 30;  // of raw content for a Binary
  std::uint64_t inline_binary_bytes = 1u << 20;             // raw content up to this is part of the resource, not kept apart
  std::uint32_t max_bundle_entries = 20000;
  std::uint32_t max_conditional_deletes = 1000;  // that one DELETE [type]?criteria may delete; more matches: it deletes none
  std::uint32_t default_count = 20;
  std::uint32_t max_count = 1000;
  std::uint32_t idempotency_hours = 24;  // that an answer is kept for its Idempotency-Key: for who opens the store
  bool allow_erasure = false;            // what R4 has no interaction for, and nobody is asked who they are yet
  bool cors = false;                     // pages of other origins may read answers: for the CapabilityStatement
  // Of `Prefer: respond-async`:
  std::uint32_t async_workers = 1;           // threads; 0: the preference is not honoured
  std::uint32_t async_jobs = 200;            // at most, with those whose results are kept
  std::uint32_t async_jobs_per_client = 10;  // that wait or run
  std::uint64_t async_result_bytes = 256u << 20;
  std::chrono::seconds async_keep{3600};                // a result, from when it is done
  std::chrono::milliseconds async_search_time{60'000};  // that a search may take
};

// What the pump asks: the Service, or a test's own.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  // Answers a request; `done` is called exactly once, on this thread or another, with an answer that finish_body() is still to be
  // called for, there or elsewhere. Never throws. May block on disk: for workers.
  virtual void handle(Request request, std::function<void(Response)> done) = 0;
  // A request that memory can answer at once; nullopt: ask handle(). Never blocks: for event loops.
  virtual std::optional<Response> try_quick(const Request& request) const = 0;
  virtual const ServiceOptions& options() const = 0;
  // Where the body of a request whose header has come is to be put; null: into the request. Never blocks.
  virtual std::shared_ptr<BodySink> begin_body(const Request& head) {
    (void)head;
    return nullptr;
  }
  // Makes an answer of the pump's own, an OperationOutcome in minified JSON, one of this endpoint's: in the form that the
  // request asks for, with its Content-Type and the request's ids. Of the request there may be only what had been read when it
  // was refused, or nothing. Never blocks. Here: JSON.
  virtual void complete(const Request& request, Response& response) const;
};

// Gives the body its form, if it has not got it yet (Response::form). About 10 ms for a MB of XML: not on a loop that others wait
// for, and never on the store's writer.
void finish_body(Response& response);

// Must go before the store and search that it was given; its destructor waits for answers under way.
class Service final : public Endpoint {
 public:
  Service(const model::Schema& schema, store::Store& store, search::Search& search, ServiceOptions options);
  ~Service() override;

  // `done` on this thread or on the store's writer, which must not be kept. What we did not expect is a 500 with an
  // OperationOutcome.
  void handle(Request request, std::function<void(Response)> done) override;
  Response handle(Request request);  // waits, and finishes the body: for tests and the command line
  std::optional<Response> try_quick(const Request& request) const override;  // a plain read of what the cache holds
  const ServiceOptions& options() const override;
  std::shared_ptr<BodySink> begin_body(const Request& head) override;  // raw content for a Binary
  void complete(const Request& request, Response& response) const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rest
