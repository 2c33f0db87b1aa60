#include "fhir/rest/capabilities.h"

#include <algorithm>
#include <array>

#include "conformance/capability_statement.h"
#include "fhir/rest/conditional.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/interactions.h"
#include "fhir/rest/partial.h"
#include "fhir/rest/patch_body.h"
#include "fhir/rest/routes.h"

namespace rest {
namespace {

// R4 capabilitystatement-definitions.html: what it means that a method has a route at [type].
struct ConditionalRow {
  std::string_view method, flag;
  std::string_view refused, single, many;
};
constexpr std::array<ConditionalRow, 2> conditional_rows{{
    {"PUT", "conditionalUpdate", "false", "true", "true"},
    {"DELETE", "conditionalDelete", "\"not-supported\"", "\"single\"", "\"multiple\""},
}};

}  // namespace

std::string make_capability_statement(const model::Schema& schema, const search::Search& search, const std::string& base_url,
                                      const ServiceOptions& options) {
  conformance::Claims claims;
  for (const auto& route : routes()) {
    for (const auto code : route.codes) {
      if (code.empty() || route.level == Level::none || route.level == Level::erasure) continue;
      (route.level == Level::system ? claims.system_interactions : claims.type_interactions).emplace_back(code);
    }
    claims.system_search = claims.system_search || (route.method == "GET" && route.shape == Shape::base);
    claims.compartments = claims.compartments || (route.method == "GET" && route.shape == Shape::compartment);
  }
  for (const auto& row : conditional_rows) {
    const auto all = routes();
    const bool taken = std::any_of(all.begin(), all.end(),
                                   [&](const Route& route) { return route.method == row.method && route.shape == Shape::type; });
    const bool many = options.max_conditional_deletes > 1;
    claims.type_flags.emplace_back(row.flag, !taken ? row.refused : many ? row.many : row.single);
  }
  claims.patch_formats = accepted_patch_types();
  claims.formats = {std::string(media_name(MediaType::fhir_json)), std::string(media_name(MediaType::fhir_xml)), "json", "xml"};
  claims.base_url = base_url;
  claims.cors = options.cors;
  claims.erasure = options.allow_erasure;
  return conformance::capability_statement(schema, search, claims);
}

// R4 http.html#capabilities. The ETag changes with the text: it is a hash of it.
void capabilities(const Context& context, ExchangePtr exchange, Done done) {
  if (auto checked = check_parameters(*exchange, {"mode", "_summary", "_elements"}); !checked)
    return done(failure_response(checked.error()));
  const auto subset = read_subset(*exchange, context.schema, context.schema.resource_type("CapabilityStatement"));
  if (!subset) return done(failure_response(subset.error()));
  const auto* mode = argument(*exchange, "mode");
  if (mode && *mode != "full" && *mode != "normative") {
    return done(failure_response(model::failure(model::FailureKind::bad_request, model::IssueCode::not_supported,
                                                "mode is '" + mode->substr(0, 60) + "'; supported is full")));
  }
  const auto text = context.capability_statement(base_url(context, *exchange));
  Response response;
  const auto tag = "W/\"" + std::to_string(std::hash<std::string_view>()(*text)) + "\"";
  response.headers.emplace_back("ETag", tag);
  if (exchange->request.header("If-None-Match") == tag) {
    response.status = 304;
  } else {
    response.body = shown(text, context.schema, *subset);
  }
  done(std::move(response));
}

}  // namespace rest
