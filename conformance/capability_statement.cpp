#include "conformance/capability_statement.h"

#include <array>
#include <map>

#include "resources-gen/formats/json.h"

namespace conformance {
namespace {

// When what this file claims last changed: a constant of the build, as CapabilityStatement.date asks.
constexpr std::string_view claims_date = "2026-11-26";

// What holds for every type because of how the server works, and not because of a route. R4 capabilitystatement-definitions.html.
struct TypeFlag {
  std::string_view name;
  std::string_view json;
};
constexpr std::array<TypeFlag, 6> type_flags{{
    {"versioning", "\"versioned\""},                 // If-Match is honoured, not demanded
    {"readHistory", "true"},                         // every version can be read
    {"updateCreate", "true"},                        // PUT to a new id creates
    {"conditionalCreate", "true"},                   // If-None-Exist
    {"conditionalRead", "\"full-support\""},         // If-None-Match and If-Modified-Since
    {"referencePolicy", "[\"literal\",\"local\"]"},  // any reference is kept; the target need not exist
}};

// http://hl7.org/fhir/R4/valueset-search-param-type.html
struct ParameterTypeRow {
  model::ParameterType type;
  std::string_view code;
};
constexpr std::array<ParameterTypeRow, 9> parameter_types{{
    {model::ParameterType::number, "number"},
    {model::ParameterType::date, "date"},
    {model::ParameterType::string, "string"},
    {model::ParameterType::token, "token"},
    {model::ParameterType::reference, "reference"},
    {model::ParameterType::composite, "composite"},
    {model::ParameterType::quantity, "quantity"},
    {model::ParameterType::uri, "uri"},
    {model::ParameterType::special, "special"},
}};

std::string_view type_code(model::ParameterType type) {
  for (const auto& row : parameter_types) {
    if (row.type == type) return row.code;
  }
  return "special";
}

void text_member(std::string& out, std::string_view name, std::string_view value) {
  out.append("\"").append(name).append("\":");
  formats::append_string(out, value);
}

void text_array(std::string& out, std::string_view name, const std::vector<std::string>& values) {
  if (values.empty()) return;
  out.append(",\"").append(name).append("\":[");
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i) out += ',';
    formats::append_string(out, values[i]);
  }
  out += ']';
}

void interactions(std::string& out, const std::vector<std::string>& codes) {
  if (codes.empty()) return;
  out += ",\"interaction\":[";
  for (std::size_t i = 0; i < codes.size(); ++i) {
    out += i ? ",{" : "{";
    text_member(out, "code", codes[i]);
    out += '}';
  }
  out += ']';
}

void search_parameters(std::string& out, const model::Schema& schema, const std::vector<search::Search::Parameter>& parameters) {
  if (parameters.empty()) return;
  out += ",\"searchParam\":[";
  bool first = true;
  for (const auto& parameter : parameters) {
    out += first ? "{" : ",{";
    first = false;
    text_member(out, "name", parameter.code);
    if (parameter.id < schema.search_parameters.size()) {
      out += ',';
      text_member(out, "definition", schema.text(schema.search_parameters[parameter.id].url));
    }
    out += ',';
    text_member(out, "type", type_code(parameter.type));
    out += '}';
  }
  out += ']';
}

void resource(std::string& out, const model::Schema& schema, const search::Search& search, model::TypeId type,
              const Claims& claims) {
  out += '{';
  text_member(out, "type", schema.type_name(type));
  out += ',';
  text_member(out, "profile", schema.text(schema.types[type].url));
  interactions(out, claims.type_interactions);
  for (const auto& flag : type_flags) out.append(",\"").append(flag.name).append("\":").append(flag.json);
  for (const auto& [name, json] : claims.type_flags) out.append(",\"").append(name).append("\":").append(json);
  text_array(out, "searchInclude", search.includes(type));
  text_array(out, "searchRevInclude", search.revincludes(type));
  search_parameters(out, schema, search.parameters(type));
  out += '}';
}

}  // namespace

std::string capability_statement(const model::Schema& schema, const search::Search& search, const Claims& claims) {
  std::string out;
  out.reserve(1u << 20);
  out += R"({"resourceType":"CapabilityStatement",)";
  text_member(out, "url", claims.base_url + "/metadata");
  out += ',';
  text_member(out, "version", KILN_VERSION);
  out += R"(,"name":"Kiln","title":"Kiln FHIR server","status":"active",)";
  text_member(out, "date", claims_date);
  out +=
      R"(,"description":"What this server does, computed from the tables that it works by.","kind":"instance","software":{"name":"Kiln",)";
  text_member(out, "version", KILN_VERSION);
  out += R"(},"implementation":{"description":"Kiln",)";
  text_member(out, "url", claims.base_url);
  out += "},";
  text_member(out, "fhirVersion", schema.version);
  text_array(out, "format", claims.formats);
  text_array(out, "patchFormat", claims.patch_formats);
  out += R"(,"rest":[{"mode":"server","documentation":)";
  std::string documentation =
      "Every write is durable when it is answered, and every interaction behaves as if it ran alone. Each update makes a "
      "version, also one that changes nothing. Content is returned as it was sent, but for id, meta.versionId and "
      "meta.lastUpdated, and references that a transaction resolves. A write that carries an Idempotency-Key is carried out "
      "once, and given the first answer when it comes again. [base]/_changes tells every version in the order of commits.";
  if (claims.erasure) {
    documentation +=
        " What must be gone can be erased, so that no interaction gives it any more: DELETE [type]/[id]?_hardDelete=true takes a "
        "resource away with its history, DELETE [type]/[id]/_history all versions but the newest, DELETE "
        "[type]/[id]/_history/[vid] one that is not the newest.";
  }
  formats::append_string(out, documentation);
  if (claims.cors) out += R"(,"security":{"cors":true})";
  out += ",\"resource\":[";
  std::map<std::string_view, model::TypeId> types;  // by name, so that the text does not depend on how the schema is numbered
  for (std::size_t i = 0; i < schema.types.size(); ++i) {
    const auto& row = schema.types[i];
    if (row.kind == model::TypeKind::resource && !row.abstract)
      types.emplace(schema.text(row.name), static_cast<model::TypeId>(i));
  }
  bool first = true;
  for (const auto& [name, type] : types) {
    if (!first) out += ',';
    first = false;
    resource(out, schema, search, type, claims);
  }
  out += ']';
  interactions(out, claims.system_interactions);
  if (claims.system_search) search_parameters(out, schema, search.common_parameters());
  if (claims.compartments) {
    std::vector<std::string> urls;
    for (const auto& row : schema.compartments) urls.emplace_back(schema.text(row.url));
    text_array(out, "compartment", urls);
  }
  out += "}]}";
  return out;
}

}  // namespace conformance
