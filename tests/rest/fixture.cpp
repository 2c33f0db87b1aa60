#include "tests/rest/fixture.h"

#include <stdexcept>

#include "resources-gen/model/schema.h"

namespace tests {

Fixture::Fixture(rest::ServiceOptions options, const store::StoreOptions& store_options) {
  auto opened = store::Store::open(store::make_memory_engine(), model::r4(), store_options);
  if (!opened) throw std::runtime_error(opened.error().issues.list().at(0).diagnostics);
  store = std::move(*opened);
  auto index = search::Search::open(*store, model::r4(), "");
  if (!index) throw std::runtime_error(index.error().issues.list().at(0).diagnostics);
  search = std::move(*index);
  options.base_url = "http://kiln.test/fhir";
  service = std::make_unique<rest::Service>(model::r4(), *store, *search, options);
}

rest::Request Fixture::request(std::string method, std::string_view target, std::string body, Headers headers) {
  rest::Request request;
  request.method = std::move(method);
  request.target = "/fhir" + std::string(target);
  request.body = std::move(body);
  request.headers = std::move(headers);
  bool typed = false;
  for (const auto& [name, value] : request.headers) typed = typed || name == "Content-Type";
  if (!request.body.empty() && !typed) request.headers.emplace_back("Content-Type", "application/fhir+json");
  return request;
}

rest::Response Fixture::ask(std::string method, std::string_view target, std::string body, Headers headers) {
  return handle(request(std::move(method), target, std::move(body), std::move(headers)));
}

rest::Response Fixture::handle(rest::Request asked) {
  const bool head = asked.method == "HEAD";
  auto response = service->handle(std::move(asked));
  if (!response.source || head) return response;
  std::string body;
  using Next = rest::BodySource::Next;
  for (auto next = Next::more; next == Next::more;) next = response.source->next(body);
  if (const auto length = response.source->length(); length && *length != body.size())
    throw std::runtime_error("a source of another length than it said");
  response.body = std::make_shared<const std::string>(std::move(body));
  response.source = nullptr;
  return response;
}

std::string header(const rest::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

std::string body_of(const rest::Response& response) {
  if (!response.source) return response.body ? *response.body : std::string();
  std::string all;
  while (response.source->next(all) == rest::BodySource::Next::more) {
  }
  return all;
}

}  // namespace tests
