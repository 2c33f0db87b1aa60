#include "fhir/rest/search.h"

#include "fhir/rest/bundle_text.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/interactions.h"
#include "fhir/rest/partial.h"
#include "resources-gen/formats/json.h"
#include "search/query.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

constexpr std::size_t most_page_bytes = 256u << 20;  // of resources of the largest size that is taken, a page holds a few

// What the page itself does not take: how the answer is written, and whether it is the plan.
struct Wishes {
  std::string suffix;  // "&_format=json&_pretty=true", as sent: links keep it
  bool explain = false;
};

Wishes take_wishes(std::vector<search::Argument>& arguments) {
  Wishes wishes;
  std::erase_if(arguments, [&](const search::Argument& argument) {
    if (argument.name == "_explain") {
      wishes.explain = argument.value == "true";
      return true;
    }
    if (argument.name != "_format" && argument.name != "_pretty") return false;
    wishes.suffix += "&" + argument.name + "=";
    append_query_value(wishes.suffix, argument.value);
    return true;
  });
  return wishes;
}

// R4 http.html#search: parameters of a POST stand in the body, the URL, or both.
model::Result<std::vector<search::Argument>> all_arguments(const Exchange& exchange) {
  auto arguments = exchange.target.arguments;
  if (!takes_form(exchange.target.shape) || exchange.request.body.empty()) return arguments;
  const auto sent = exchange.request.header("Content-Type");
  if (!is_form(sent)) {
    return failure(FailureKind::unsupported_media, IssueCode::not_supported,
                   "The body of a _search is of type '" + std::string(sent.substr(0, 100)) +
                       "'; it must be application/x-www-form-urlencoded");
  }
  auto more = parse_query(exchange.request.body, "the body");
  if (!more) return more.error();
  for (auto& argument : *more) arguments.push_back(std::move(argument));
  return arguments;
}

// R4 http.html#parameters: a form may say how it is to be answered, as a URL does, which comes first.
model::Result<void> take_format(Exchange& exchange, const std::vector<search::Argument>& arguments) {
  for (const auto& each : arguments) {
    if (argument(exchange, each.name) != nullptr) continue;
    if (each.name == "_pretty") exchange.pretty = each.value == "true";
    if (each.name != "_format" || exchange.in_bundle) continue;
    const auto type = choose_answer(&each.value, {});
    if (!type) return type.error();
    exchange.answer_as = *type;
  }
  return {};
}

search::Scope scope_of(const Target& target) {
  if (target.shape != Shape::compartment && target.shape != Shape::compartment_search) return {target.type};
  search::Scope scope(target.member);
  scope.compartment = target.type;
  scope.id = target.id;
  return scope;
}

// _explain: the plan, a line to an issue, for whoever wants to know why a search is slow.
model::Result<Response> explain(const Context& context, const search::Query& query, const search::Access& access) {
  const auto plan = context.search.explain(query, access);
  if (!plan) return plan.error();
  model::Issues issues;
  for (std::string_view rest = *plan; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    if (end > 0) issues.add({model::Severity::information, IssueCode::informational, std::string(rest.substr(0, end)), {}});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return json_response(200, outcome_text(issues));
}

}  // namespace

model::Result<std::string> searchset(const Context& context, const Exchange& exchange, const search::Query& query,
                                     const search::Page& page, std::string_view suffix) {
  std::vector<std::shared_ptr<const std::string>> bodies;
  bodies.reserve(page.matches.size());
  std::size_t bytes = 2048;
  for (const auto& match : page.matches) {
    const auto rendered = context.store.render(match.version.document);
    bodies.push_back(rendered ? rendered->body : nullptr);
    if (!bodies.back()) continue;  // erased this moment
    bytes += rendered->body->size() + 200;
    // R4 search.html#elements: the list does not apply to included resources.
    const bool whole = match.included && query.subset.kind == formats::Subset::Kind::elements;
    if (!whole) bodies.back() = shown(rendered->body, context.schema, query.subset);
    if (bytes > most_page_bytes) {
      return failure(
          FailureKind::bad_request, IssueCode::too_costly,
          "The page would be larger than " + std::to_string(most_page_bytes >> 20) + " MiB; ask for fewer resources with _count");
    }
  }
  const std::string base = base_url(context, exchange) + (query.place.empty() ? "" : "/" + query.place);
  BundleText text("searchset", bytes);
  if (page.total) text.total(*page.total);
  const auto link = [&](std::string_view relation, const std::string& parameters, bool always) {
    if (parameters.empty() && !always) return;
    auto url = base;
    if (!parameters.empty() || !suffix.empty()) url += "?" + parameters;
    url += parameters.empty() && !suffix.empty() ? suffix.substr(1) : suffix;
    text.link(relation, url);
  };
  link("self", page.self, true);
  link("first", page.first, false);
  link("previous", page.previous, false);
  link("next", page.next, false);
  link("last", page.last, false);
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    if (!bodies[i]) continue;
    const auto& match = page.matches[i];
    std::string url = base_url(context, exchange);
    url.append("/").append(context.schema.type_name(match.version.type)).append("/").append(match.version.id);
    text.begin_entry();
    text.text("fullUrl", url);
    text.member("resource", *bodies[i]);
    text.begin_object("search");
    text.text("mode", match.included ? "include" : "match");
    text.end_object();
    text.end_entry();
  }
  if (!page.warnings.empty()) {  // R4 http.html#search: an OperationOutcome of mode outcome, with no issue of severity error
    text.begin_entry();
    text.member("resource", outcome_text(page.warnings));
    text.begin_object("search");
    text.text("mode", "outcome");
    text.end_object();
    text.end_entry();
  }
  return text.end();
}

model::Result<std::shared_ptr<const search::Query>> parse_search(const Context& context, const Exchange& exchange,
                                                                 const std::vector<search::Argument>& arguments) {
  search::ParseOptions options;
  options.strict = exchange.prefer.strict;
  options.base_urls = base_urls(context, exchange);
  if (exchange.given_up) {
    options.max_milliseconds = static_cast<std::uint32_t>(context.options.async_search_time.count());
    options.given_up = exchange.given_up;
  }
  options.default_count = context.options.default_count;
  options.max_count = context.options.max_count;
  return context.search.parse(scope_of(exchange.target), arguments, options);
}

void search_resources(const Context& context, ExchangePtr exchange, Done done) {
  auto arguments = all_arguments(*exchange);
  if (!arguments) return done(failure_response(arguments.error()));
  if (auto taken = take_format(*exchange, *arguments); !taken) return done(failure_response(taken.error()));
  const auto wishes = take_wishes(*arguments);
  const auto query = parse_search(context, *exchange, *arguments);
  if (!query) return done(failure_response(query.error()));
  if (wishes.explain) {
    auto plan = explain(context, **query, exchange->access);
    return done(plan ? std::move(*plan) : failure_response(plan.error()));
  }
  const auto page = context.search.run(**query, exchange->access);
  if (!page) return done(failure_response(page.error()));
  auto text = searchset(context, *exchange, **query, *page, wishes.suffix);
  done(text ? json_response(200, std::move(*text)) : failure_response(text.error()));
}

}  // namespace rest
