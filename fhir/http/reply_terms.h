// ReplyTerms: what of a request its answer depends on once the request itself has been handed on: who asked, under which names,
// from which page, and in which coding the answer may come. Of one connection; reused from request to request.
#pragma once

#include <string>
#include <string_view>

#include "fhir/http/content_coding.h"
#include "fhir/http/cors.h"
#include "fhir/rest/service.h"

namespace http {

class ReplyTerms {
 public:
  // Before anything else of a request: forgets the last one.
  void clear();
  // What every answer depends on. Cheap where the request has no Accept-Encoding.
  void read(const rest::Request& request, const Cors& cors);
  // What an answer of the pump's own depends on, should one be needed when the request is gone.
  void keep(const rest::Request& request);
  // The request that keep() was given: its target, base URL, and the headers that decide an answer's form and names.
  const rest::Request& asked() const { return asked_; }

  // Adds what the page that asked needs.
  void add_cors(const Cors& cors, rest::Response& response) const {
    if (!origin_.empty()) cors.allow(origin_, preflight_, response);
  }
  // True if the answer has a body that is worth a coding, and the client takes one (or nothing plain).
  bool wants_coding(const rest::Response& response) const;
  // Neither a coding of ours nor a plain answer is taken.
  bool takes_nothing() const { return coding_.coding == nullptr && !coding_.plain; }
  bool refuses_plain() const { return !coding_.plain; }
  // Puts the coding on. Takes milliseconds for a large body: on a worker.
  void encode(rest::Response& response) const;

  std::string client;  // as a trusted proxy names it; empty: the peer

 private:
  CodingChoice coding_;
  std::string origin_;
  rest::Request asked_;
  bool preflight_ = false;
};

}  // namespace http
