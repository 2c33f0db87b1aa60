// A service over the memory engine, for tests: nothing on disk, nothing kept.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fhir/rest/service.h"

namespace tests {

struct Fixture {
  explicit Fixture(rest::ServiceOptions options = {}, const store::StoreOptions& store_options = {});

  using Headers = std::vector<std::pair<std::string, std::string>>;
  // `target` is below the base: "/Patient/1". A body is sent as application/fhir+json unless the headers say otherwise.
  rest::Response ask(std::string method, std::string_view target, std::string body = {}, Headers headers = {});
  rest::Response handle(rest::Request request);  // a body that a source makes is read
  static rest::Request request(std::string method, std::string_view target, std::string body = {}, Headers headers = {});

  std::unique_ptr<store::Store> store;
  std::unique_ptr<search::Search> search;
  std::unique_ptr<rest::Service> service;
};

std::string header(const rest::Response& response, std::string_view name);  // empty if absent
std::string body_of(const rest::Response& response);                        // of a source, all that it has for now: once only

}  // namespace tests
