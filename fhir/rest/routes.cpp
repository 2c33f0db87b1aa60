#include "fhir/rest/routes.h"

#include <algorithm>

#include "fhir/rest/answer_form.h"
#include "fhir/rest/async.h"
#include "fhir/rest/binary_answer.h"
#include "fhir/rest/binary_content.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/header_text.h"
#include "fhir/rest/interactions.h"
#include "fhir/rest/once.h"
#include "fhir/rest/patch_body.h"
#include "fhir/rest/provenance.h"
#include "fhir/rest/request_id.h"
#include "fhir/rest/write.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

// HEAD is answered wherever GET is (R4 http.html#head), OPTIONS everywhere.
constexpr std::array<Route, 28> route_table{{
    // method   shape                    log                 handler            listed         as
    {"GET", Shape::metadata, "capabilities", capabilities},
    {"POST", Shape::base, "bundle", bundle, Level::system, {"transaction", "batch"}},
    {"GET", Shape::base, "search-system", search_resources, Level::system, {"search-system"}},
    {"POST", Shape::system_search, "search-system", search_resources},
    {"GET", Shape::system_search, "search-system", search_resources},
    {"GET", Shape::system_history, "history-system", history_system, Level::system, {"history-system"}},
    {"GET", Shape::changes, "changes", changes},
    {"GET", Shape::instance, "read", read, Level::type, {"read"}},
    {"GET", Shape::version, "vread", vread, Level::type, {"vread"}},
    {"PUT", Shape::instance, "update", update, Level::type, {"update"}},
    {"PATCH", Shape::instance, "patch", patch_resource, Level::type, {"patch"}},
    {"DELETE", Shape::instance, "delete", remove, Level::type, {"delete"}},
    {"GET", Shape::instance_history, "history-instance", history_instance, Level::type, {"history-instance"}},
    {"GET", Shape::type_history, "history-type", history_type, Level::type, {"history-type"}},
    {"POST", Shape::type, "create", create, Level::type, {"create"}},
    {"GET", Shape::type, "search-type", search_resources, Level::type, {"search-type"}},
    {"PUT", Shape::type, "update-conditional", update_matching},  // conditional ones are flags of the CapabilityStatement
    {"PATCH", Shape::type, "patch-conditional", patch_resource},
    {"DELETE", Shape::type, "delete-conditional", remove_matching},
    {"POST", Shape::type_search, "search-type", search_resources},
    {"GET", Shape::async_job, "async-status", async_status},
    {"DELETE", Shape::async_job, "async-cancel", async_cancel},
    {"GET", Shape::type_search, "search-type", search_resources},  // links of a POST search, taken literally by some clients
    {"GET", Shape::compartment, "search-compartment", search_resources},  // CapabilityStatement.rest.compartment
    {"POST", Shape::compartment_search, "search-compartment", search_resources},
    {"GET", Shape::compartment_search, "search-compartment", search_resources},
    {"DELETE", Shape::instance_history, "erase", erase_history, Level::erasure},
    {"DELETE", Shape::version, "erase", erase_version, Level::erasure},
}};

bool answered(const Route& route, const ServiceOptions& options) {
  return route.level != Level::erasure || options.allow_erasure;
}

const Route* find_route(std::string_view method, Shape shape, const ServiceOptions& options) {
  const auto wanted = method == "HEAD" ? std::string_view("GET") : method;
  for (const auto& route : routes()) {
    if (route.shape == shape && route.method == wanted && answered(route, options)) return &route;
  }
  return nullptr;
}

// A POST of a search reads, in spite of its method; to give up an asynchronous request writes no record.
bool writes(const Route& route) { return route.method != "GET" && !takes_form(route.shape) && route.shape != Shape::async_job; }

// Each once, in the table's order.
template <typename Wanted>
std::string method_list(Wanted wanted) {
  std::string methods;
  std::vector<std::string_view> seen;
  for (const auto& route : routes()) {
    if (!wanted(route) || std::find(seen.begin(), seen.end(), route.method) != seen.end()) continue;
    seen.push_back(route.method);
    methods += route.method;
    methods += route.method == "GET" ? ", HEAD, " : ", ";
  }
  return methods + "OPTIONS";
}

model::Failure refuse_method(const Exchange& exchange, const ServiceOptions& options) {
  return failure(FailureKind::method_not_allowed, IssueCode::not_supported,
                 exchange.request.method.substr(0, 20) + " is not allowed here; allowed are " +
                     allowed_methods(exchange.target.shape, options));
}

void add_warnings(const Exchange& exchange, Response& response) {
  std::size_t listed = 0;
  const auto warn = [&](std::string_view before, std::string_view text, std::string_view after) {
    if (++listed > 5) return;
    std::string warning("299 - \"");
    warning += before;
    for (const char c : text) warning += c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    response.headers.emplace_back("Warning", warning.append(after) + "\"");
  };
  for (const auto& name : exchange.ignored)
    warn("The parameter '", std::string_view(name).substr(0, 60), "' is not supported here and was ignored");
  for (const auto& remark : exchange.remarks) warn({}, std::string_view(remark).substr(0, 300), {});
}

void finish(const Context& context, const Exchange& exchange, Response& response) {
  if (exchange.route) response.interaction = exchange.route->interaction;
  if (!response.content_type.empty()) {
    response.headers.emplace_back("Content-Type", response.content_type);
  } else if (response.body) {
    set_form(response, context.schema, base_url(context, exchange), exchange.answer_as, exchange.pretty);
  }
  if (response.status < 400) add_warnings(exchange, response);
  if (response.status < 400 && exchange.provenance && exchange.provenance->made) {
    // https://www.w3.org/TR/prov-aq/#resource-accessed-by-http
    response.headers.emplace_back("Link", "<" + location(context, exchange, *exchange.provenance->made) +
                                              ">; rel=\"http://www.w3.org/ns/prov#has_provenance\"");
  }
  if (exchange.in_bundle) return;
  // Also of 404: an address of that form may take other methods, or none at all.
  if (response.status == 404 || response.status == 405) {
    response.headers.emplace_back("Allow", allowed_methods(exchange.target.shape, context.options));
  }
  add_request_ids(exchange.request.header("X-Request-Id"), exchange.request.header("X-Correlation-Id"), response);
}

// "OPTIONS *" asks for all that the server takes anywhere.
Response options_response(const Exchange& exchange, const ServiceOptions& options) {
  Response response;
  response.status = 204;
  response.headers.emplace_back("Allow",
                                exchange.request.target == "*" ? all_methods() : allowed_methods(exchange.target.shape, options));
  // RFC 5789 3.1: OPTIONS says which patches are taken.
  if (find_route("PATCH", exchange.target.shape, options)) response.headers.emplace_back("Accept-Patch", accepted_patches());
  return response;
}

// RFC 9110 5.3: a list in several header lines is one list. Entity tags are put into the first line, where they are looked for.
void join_lines(Request& request, std::string_view list) {
  std::string* first = nullptr;
  for (auto& [name, value] : request.headers) {
    if (!equal_ignoring_case(name, list)) continue;
    if (!first) {
      first = &value;
    } else {
      first->append(",").append(value);
    }
  }
}

// Fills the exchange from its request; on failure an answer is known already.
model::Result<void> understand(const Context& context, Exchange& exchange) {
  auto& request = exchange.request;
  for (const auto& [name, value] : request.headers) {
    if (equal_ignoring_case(name, "Prefer")) read_prefer(value, exchange.prefer);
  }
  join_lines(request, "If-Match");
  join_lines(request, "If-None-Match");
  // The format first, so that a refusal of anything else is in it.
  auto target = parse_target(request.target, context.options.base_path, context.schema);
  if (target) {
    exchange.target = std::move(*target);
  } else {
    exchange.target.shape = Shape::nothing;
    exchange.target.arguments = arguments_of(request.target);  // how the refusal is to be written may still be understood
  }
  auto type = choose_answer(request, exchange.target.arguments);
  // Within a Bundle there is one format, that of the whole.
  if (type && !exchange.in_bundle) exchange.answer_as = *type;
  exchange.pretty = !exchange.in_bundle && asks_pretty(exchange.target.arguments);
  if (!target) return target.error();
  // Both have forms of their own.
  if (!type && exchange.target.shape != Shape::changes && !reads_content(context, exchange)) return type.error();
  return {};
}

}  // namespace

std::span<const Route> routes() { return route_table; }

std::string allowed_methods(Shape shape, const ServiceOptions& options) {
  return method_list([&](const Route& route) { return route.shape == shape && answered(route, options); });
}

std::string all_methods() {
  return method_list([](const Route&) { return true; });
}

void dispatch(const Context& context, ExchangePtr exchange, Done done) {
  const Done answer = [&context, exchange, done = std::move(done)](Response response) {
    finish(context, *exchange, response);
    done(std::move(response));
  };
  const bool asks_options = exchange->request.method == "OPTIONS";
  const auto understood = understand(context, *exchange);
  // RFC 9110 9.3.7: what may be done there is no question of formats, and has an answer where there is nothing, too.
  if (asks_options && (understood || understood.error().kind != FailureKind::bad_request)) {
    return answer(options_response(*exchange, context.options));
  }
  if (!understood) return answer(failure_response(understood.error()));
  const auto shape = exchange->target.shape;
  exchange->route = find_route(exchange->request.method, shape, context.options);
  if (!exchange->route) {
    const auto refusal = refuse_method(*exchange, context.options);
    return answer(failure_response(refusal));
  }
  if (exchange->request.body.size() > context.options.max_body_bytes) {
    return answer(failure_response(failure(FailureKind::too_large, IssueCode::too_long,
                                           "The body has " + std::to_string(exchange->request.body.size()) + " bytes; at most " +
                                               std::to_string(context.options.max_body_bytes) + " are taken")));
  }
  if (is_asynchronous(context, *exchange)) return answer(accept_asynchronous(context, *exchange));
  if (exchange->target.type == context.binary) {
    if (auto taken = take_content(context, *exchange); !taken) return answer(failure_response(taken.error()));
  }
  if (writes(*exchange->route)) {
    if (auto provenance = read_provenance(context, *exchange); !provenance) return answer(failure_response(provenance.error()));
  }
  if (carries_key(*exchange)) return carry_out_once(context, exchange, answer);
  exchange->route->handler(context, exchange, answer);
}

}  // namespace rest
