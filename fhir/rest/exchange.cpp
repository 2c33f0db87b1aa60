#include "fhir/rest/exchange.h"

#include <algorithm>
#include <array>
#include <atomic>

namespace rest {

Done first_answer(Done done) {
  struct State {
    Done done;
    std::atomic<bool> answered{false};
  };
  auto state = std::make_shared<State>();
  state->done = std::move(done);
  return [state = std::move(state)](Response response) {
    if (!state->answered.exchange(true)) state->done(std::move(response));
  };
}

const std::string& base_url(const Context& context, const Exchange& exchange) {
  return exchange.request.base_url.empty() ? context.options.base_url : exchange.request.base_url;
}

std::vector<std::string> base_urls(const Context& context, const Exchange& exchange) {
  std::vector<std::string> bases{base_url(context, exchange)};
  if (bases[0] != context.options.base_url) bases.push_back(context.options.base_url);
  return bases;
}

std::string_view below_base_url(const Context& context, const Exchange& exchange, std::string_view url) {
  for (const std::string* base : {&base_url(context, exchange), &context.options.base_url}) {
    if (base->empty() || !url.starts_with(*base)) continue;
    const auto rest = url.substr(base->size());
    if (rest.starts_with('/')) return rest.substr(1);
    if (rest.starts_with('?')) return rest;  // a search of all types
  }
  return url;
}

const std::string* argument(const Exchange& exchange, std::string_view name) {
  for (const auto& each : exchange.target.arguments) {
    if (each.name == name) return &each.value;
  }
  return nullptr;
}

model::Result<void> check_parameters(Exchange& exchange, std::initializer_list<std::string_view> known) {
  model::Failure failure{model::FailureKind::bad_request, {}};
  static constexpr std::array<std::string_view, 4> methods{"POST", "PUT", "PATCH", "DELETE"};
  const bool writes = std::find(methods.begin(), methods.end(), exchange.request.method) != methods.end();
  bool refused = false;
  for (const auto& [name, value] : exchange.target.arguments) {
    if (name == "_format" || name == "_pretty" || std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (name == "_summary" && value == "false") continue;
    failure.issues.error(model::IssueCode::not_supported,
                         "The parameter '" + name + "' is not supported by this interaction (" +
                             std::string(exchange.request.method) + " " +
                             exchange.request.target.substr(0, exchange.request.target.find('?')) + ")");
    exchange.ignored.push_back(name);
    // What shapes an answer may be left out; of a write all else could be a condition.
    refused = refused || (writes && name != "_summary" && name != "_elements");
  }
  if (refused || (!exchange.ignored.empty() && exchange.prefer.strict)) return failure;
  return {};
}

}  // namespace rest
