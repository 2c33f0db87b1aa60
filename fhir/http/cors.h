// Cors: which pages of other origins may read our answers in a browser. Fetch standard, 3.2 (HTTP extensions); R4
// security.html#cors.
//
// Made once, then read by all threads. Without an origin it does nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fhir/rest/service.h"

namespace http {

class Cors {
 public:
  // Of "https://app.example.org" and "*" (any origin, without credentials). Fails with the one that is no origin.
  static model::Result<Cors> parse(const std::vector<std::string>& origins);

  bool on() const { return any_ || !named_.empty(); }
  // True if answers differ by Origin: then they all say so.
  bool varies() const { return !named_.empty(); }
  // A browser's question whether it may send what a page wants.
  static bool is_preflight(const rest::Request& request);
  // Adds what lets a page of `origin` (the request's Origin header) read the answer; nothing if it may not. The answer to a
  // preflight becomes a 204, whatever the address: the request itself is to say what is wrong with it.
  void allow(std::string_view origin, bool preflight, rest::Response& response) const;
  // The same for an answer to who has not said its origin yet: to any, or to the one there is.
  void allow_unasked(rest::Response& response) const;

 private:
  bool any_ = false;
  std::vector<std::string> named_;
};

}  // namespace http
