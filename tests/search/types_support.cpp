#include "tests/search/types_support.h"

#include <stdexcept>

#include "resources-gen/formats/json.h"

namespace types_test {
namespace {

using search::Modifier;

std::optional<Modifier> modifier_of(std::string_view name) {
  struct Row {
    std::string_view name;
    Modifier modifier;
  };
  for (const Row& row :
       {Row{"missing", Modifier::missing}, Row{"exact", Modifier::exact}, Row{"contains", Modifier::contains},
        Row{"not", Modifier::not_}, Row{"text", Modifier::text}, Row{"in", Modifier::in}, Row{"below", Modifier::below},
        Row{"above", Modifier::above}, Row{"of-type", Modifier::of_type}, Row{"identifier", Modifier::identifier}}) {
    if (row.name == name) return row.modifier;
  }
  return std::nullopt;
}

}  // namespace

const search::Extractor& extractor() {
  static const search::Extractor instance(model::r4(), base_urls);
  return instance;
}

std::shared_ptr<const search::DocumentTerms> terms_of(std::string_view json) {
  const formats::ReadResult read = formats::read_json(json, model::r4());
  if (!read.ok()) {
    const model::Issue& issue = read.issues.list().front();
    throw std::runtime_error("unsound resource: " + issue.diagnostics + " at " + issue.expression);
  }
  return extractor().extract(read.tree);
}

std::optional<search::Clause> clause_of(model::TypeId type, std::string_view query, std::string* why) {
  const model::Schema& schema = model::r4();
  const std::size_t equals = query.find('=');
  const std::string_view name = query.substr(0, equals), value = query.substr(equals + 1);
  const std::size_t colon = name.find(':');
  const model::ParameterId id = extractor().parameter(type, name.substr(0, colon));
  if (id == search::no_parameter) throw std::runtime_error("no such parameter: " + std::string(query));
  search::ScanContext context{schema, schema.search_parameters[id], id, type, base_urls};
  context.now_ms = now_ms;
  if (colon != std::string_view::npos) {
    const std::string_view modifier = name.substr(colon + 1);
    if (const std::optional<Modifier> known = modifier_of(modifier)) {
      context.modifier = *known;
    } else {
      context.modifier = Modifier::type;
      context.modifier_type = schema.resource_type(modifier);
    }
  }
  model::Result<search::ValueScans> made = search::value_scans(context, value);
  if (!made) {
    if (why) *why = made.error().issues.list().front().diagnostics;
    return std::nullopt;
  }
  search::Clause clause;
  clause.key = {type, id};
  clause.scans = std::move(made->scans);
  clause.negated = made->negated;
  clause.label = query;
  return clause;
}

bool matches(const search::DocumentTerms& terms, std::string_view query) {
  std::string why;
  const std::optional<search::Clause> clause = clause_of(terms.type, query, &why);
  if (!clause) throw std::runtime_error(std::string(query) + ": " + why);
  return search::matches(terms, *clause);
}

}  // namespace types_test
