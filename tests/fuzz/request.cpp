#include <memory>
#include <set>

#include "resources-gen/formats/json.h"
#include "resources-gen/model/schema.h"
#include "tests/fuzz/targets.h"
#include "tests/rest/fixture.h"

namespace fuzz {
namespace {

constexpr std::size_t most_documents = 2000;  // then a new server: no input should depend on a long history

tests::Fixture& server() {
  model::r4();  // before what uses it, so that it outlives that
  static std::unique_ptr<tests::Fixture> fixture;
  if (!fixture || fixture->store->last_document() > most_documents) {
    fixture = std::make_unique<tests::Fixture>();
    require(fixture->ask("PUT", "/Patient/a", R"({"resourceType":"Patient","id":"a","active":true})").status == 201,
            "the server takes a Patient");
  }
  return *fixture;
}

// Whatever was asked, the answer is one that a well-behaved server gives; 5xx is never the doing of a request.
void check(const rest::Response& response, std::string_view bytes) {
  require(response.status >= 200 && response.status < 500, "no status of 500 and more", tests::body_of(response));
  for (const auto& [name, value] : response.headers) {
    require(name.find_first_of("\r\n") == std::string::npos && !value.empty(), "headers are whole", name);
  }
  if (response.status < 400) return;
  require(response.body != nullptr, "a refusal says why", bytes);
  const auto text = tests::body_of(response);
  if (text.starts_with('{')) require(formats::read_json(text, model::r4()).ok(), "an OperationOutcome is a resource", text);
}

}  // namespace

void request(std::string_view bytes) {
  rest::Request request;
  const auto take = [&](char end) {
    const auto at = bytes.find(end);
    const auto part = bytes.substr(0, at);
    bytes.remove_prefix(at == std::string_view::npos ? bytes.size() : at + 1);
    return part;
  };
  auto line = take('\n');
  const auto space = line.find(' ');
  request.method = line.substr(0, space);
  request.target = space == std::string_view::npos ? "/fhir" : "/fhir" + std::string(line.substr(space + 1));
  while (!bytes.empty()) {
    line = take('\n');
    if (line.empty()) break;
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  request.body = bytes;
  auto& fixture = server();
  if (const auto quick = fixture.service->try_quick(request)) {
    const auto slow = fixture.service->handle(request);
    require(quick->status == slow.status && tests::body_of(*quick) == tests::body_of(slow), "the quick path answers as the other",
            request.target);
    return;
  }
  check(fixture.service->handle(std::move(request)), bytes);
}

void bundle(std::string_view bytes) {
  auto& fixture = server();
  const auto response = fixture.ask("POST", "", std::string(bytes));
  check(response, bytes);
  if (response.status == 200) {
    require(formats::read_json(tests::body_of(response), model::r4()).ok(), "the answer is a Bundle", tests::body_of(response));
  }
}

}  // namespace fuzz
