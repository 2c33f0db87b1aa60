#include "fhir/rest/search.h"

#include <algorithm>
#include <chrono>

#include "fhir/rest/bundle_text.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/interactions.h"
#include "fhir/rest/partial.h"
#include "resources-gen/formats/json.h"
#include "search/execute_deadline.h"
#include "search/query.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

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

// A page, and its resources as they are shown: null where one was erased this moment.
struct ShownPage {
  search::Page page;
  std::vector<std::shared_ptr<const std::string>> bodies;
  std::size_t matched = 0;  // of the page's matches, those that are not included
  std::size_t fit = 0;      // for which there is room
  std::size_t bytes = 2048;
};

// Up to where the answer has room for it, from the page's place on: backwards on a page before something.
model::Result<ShownPage> run_page(const Context& context, const search::Access& access, const search::Query& query) {
  auto page = context.search.run(query, access);
  if (!page) return page.error();
  ShownPage shown_page{std::move(*page), {}};
  auto& bodies = shown_page.bodies;
  const auto& matches = shown_page.page.matches;
  const auto included = [](const search::Match& match) { return match.included; };
  shown_page.matched = static_cast<std::size_t>(std::find_if(matches.begin(), matches.end(), included) - matches.begin());
  const bool backward = query.position && (query.position->kind == search::Position::Kind::before ||
                                           query.position->kind == search::Position::Kind::last);
  bodies.resize(matches.size());
  for (auto& fit = shown_page.fit; fit < matches.size(); ++fit) {
    const std::size_t at = backward && fit < shown_page.matched ? shown_page.matched - 1 - fit : fit;
    const auto& match = matches[at];
    const auto rendered = context.store.render(match.version.document);
    std::shared_ptr<const std::string> body = rendered ? rendered->body : nullptr;
    // R4 search.html#elements: the list does not apply to included resources.
    const bool whole = match.included && query.subset.kind == formats::Subset::Kind::elements;
    if (body && !whole) body = shown(std::move(body), context.schema, query.subset);
    const auto bytes = shown_page.bytes + (body ? body->size() : 0) + 200;
    if (bytes > (match.included ? most_answer_bytes : most_page_bytes) && fit > 0) break;
    shown_page.bytes = bytes;
    bodies[at] = std::move(body);
  }
  return shown_page;
}

// A page that does not grow too large. R4 search.html#count: a server may return fewer resources than asked for.
model::Result<ShownPage> run_bounded_page(const Context& context, const search::Access& access, const search::Query& query) {
  const auto begun = std::chrono::steady_clock::now();
  auto page = run_page(context, access, query);
  for (search::Query fewer = query; page && page->fit < page->page.matches.size(); page = run_page(context, access, fewer)) {
    const auto taken = std::chrono::steady_clock::now() - begun;
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(taken).count();
    if (milliseconds >= query.max_milliseconds) {
      return failure(FailureKind::timeout, IssueCode::too_costly, search::QueryTimeout().what());
    }
    fewer.max_milliseconds = query.max_milliseconds - static_cast<std::uint32_t>(milliseconds);
    if (page->matched <= 1) {
      return failure(FailureKind::bad_request, IssueCode::too_costly,
                     "What the page includes beside its one match is larger than " + std::to_string(most_answer_bytes >> 20) +
                         " MiB; ask for it by a search of its own");
    }
    // What is included comes behind all matches: how much a match brings is not known.
    fewer.count = static_cast<std::uint32_t>(page->fit < page->matched ? page->fit : page->matched / 2);
  }
  return page;
}

}  // namespace

model::Result<std::string> searchset(const Context& context, const Exchange& exchange, const search::Query& query,
                                     std::string_view suffix) {
  const auto found = run_bounded_page(context, exchange.access, query);
  if (!found) return found.error();
  const auto& page = found->page;
  const auto& bodies = found->bodies;
  const std::string base = base_url(context, exchange) + (query.place.empty() ? "" : "/" + query.place);
  BundleText text("searchset", found->bytes);
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
  auto text = searchset(context, *exchange, **query, wishes.suffix);
  done(text ? json_response(200, std::move(*text)) : failure_response(text.error()));
}

}  // namespace rest
