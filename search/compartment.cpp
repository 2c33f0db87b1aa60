#include "search/compartment.h"

#include <algorithm>

namespace search {
namespace {

std::span<const model::CompartmentParameterRow> rows_of(const model::Schema& schema, const model::CompartmentRow& compartment) {
  return model::Schema::rows(schema.compartment_parameters, compartment.parameters);
}

}  // namespace

const model::CompartmentRow* compartment_of(const model::Schema& schema, model::TypeId type) {
  if (type == model::no_type) return nullptr;
  const auto row = std::find_if(schema.compartments.begin(), schema.compartments.end(), [&](const model::CompartmentRow& each) {
    return schema.text(each.code) == schema.type_name(type);
  });
  return row == schema.compartments.end() ? nullptr : &*row;
}

std::vector<model::TypeId> compartment_types(const model::Schema& schema, const model::CompartmentRow& compartment) {
  std::vector<model::TypeId> types{schema.resource_type(schema.text(compartment.code))};
  for (const auto& row : rows_of(schema, compartment)) types.push_back(row.type);
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  return types;
}

std::string compartment_names(const model::Schema& schema) {
  std::vector<std::string_view> names;
  for (const auto& row : schema.compartments) names.push_back(schema.text(row.code));
  std::sort(names.begin(), names.end());
  std::string text;
  for (const auto name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

Condition in_compartment(const model::Schema& schema, const Extractor& extractor, const ResourceName& owner,
                         std::span<const model::TypeId> types, std::span<const std::string> base_urls) {
  const std::string name = std::string(schema.type_name(owner.type)) + "/" + owner.id;
  Condition condition;
  condition.label = "in the compartment of " + name;
  const auto* compartment = compartment_of(schema, owner.type);
  if (compartment == nullptr) return condition;
  if (std::binary_search(types.begin(), types.end(), owner.type)) condition.itself = owner;
  for (const auto& row : rows_of(schema, *compartment)) {
    if (!std::binary_search(types.begin(), types.end(), row.type)) continue;
    // "{def}" is no parameter: it says that the resource itself is meant.
    const model::ParameterId parameter = extractor.parameter(row.type, schema.text(row.parameter));
    if (parameter == no_parameter) continue;
    ScanContext context{schema, schema.search_parameters[parameter], parameter, row.type, base_urls};
    auto scans = value_scans(context, name);
    if (!scans) continue;  // no id that a resource could have
    Clause& clause = condition.any.emplace_back();
    clause.key = {row.type, parameter};
    clause.scans = std::move(scans->scans);
    clause.label = condition.label;
  }
  std::stable_sort(condition.any.begin(), condition.any.end(),
                   [](const Clause& a, const Clause& b) { return a.key.type < b.key.type; });
  return condition;
}

}  // namespace search
