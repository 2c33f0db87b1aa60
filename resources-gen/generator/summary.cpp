#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "resources-gen/generator/emit.h"

namespace generator {

std::string summary(const Tables& t) {
  std::string lines = fmt::format("FHIR {}\n", t.version);
  const auto line = [&](std::string_view name, std::size_t count) {
    fmt::format_to(std::back_inserter(lines), "{:<40}{:>8}\n", name, count);
  };
  const auto types = [&](auto wanted) { return static_cast<std::size_t>(std::count_if(t.types.begin(), t.types.end(), wanted)); };
  using model::TypeKind;
  line("resource kinds", types([](const auto& r) { return r.kind == TypeKind::resource; }));
  line("concrete resource types", types([](const auto& r) { return r.kind == TypeKind::resource && !r.abstract; }));
  line("data types", types([](const auto& r) { return r.kind != TypeKind::resource; }));
  line("primitive types", types([](const auto& r) { return r.kind == TypeKind::primitive; }));
  line("complex types", types([](const auto& r) { return r.kind == TypeKind::complex; }));

  const auto elements = [&](auto wanted) {
    return static_cast<std::size_t>(std::count_if(t.elements.begin(), t.elements.end(), wanted));
  };
  line("elements", t.elements.size());
  line("elements of resources", elements([&](const auto& r) { return t.types[r.owner].kind == TypeKind::resource; }));
  line("elements of data types", elements([&](const auto& r) { return t.types[r.owner].kind != TypeKind::resource; }));
  line("content references", elements([](const auto& r) { return r.content_reference != model::no_element; }));
  line("choices", elements([](const auto& r) { return (r.flags & model::element_choice) != 0; }));
  line("summary elements", elements([](const auto& r) { return (r.flags & model::element_summary) != 0; }));
  line("modifier elements", elements([](const auto& r) { return (r.flags & model::element_modifier) != 0; }));
  line("allowed types", t.element_types.size());

  std::set<std::pair<std::string_view, std::string_view>> expressions;
  std::size_t errors = 0;
  for (const model::ConstraintRow& row : t.constraints) expressions.emplace(t.text(row.key), t.text(row.expression));
  for (const std::uint32_t row : t.element_constraints) errors += t.constraints[row].error;
  line("constraint instances", t.element_constraints.size());
  line("constraint instances, error", errors);
  line("constraint instances, warning", t.element_constraints.size() - errors);
  line("constraints", t.constraints.size());
  line("constraints by key and expression", expressions.size());

  const auto bound = [&](model::BindingStrength strength) {
    return elements([&](const auto& r) { return r.binding != model::no_row && t.bindings[r.binding].strength == strength; });
  };
  line("bindings, required", bound(model::BindingStrength::required));
  line("bindings, extensible", bound(model::BindingStrength::extensible));
  line("bindings, preferred", bound(model::BindingStrength::preferred));
  line("bindings, example", bound(model::BindingStrength::example));
  line("bindings with a largest value set",
       elements([&](const auto& r) { return r.binding != model::no_row && t.bindings[r.binding].max_value_set.length != 0; }));
  std::set<std::string_view> required;
  for (const model::BindingRow& row : t.bindings)
    if (row.strength == model::BindingStrength::required)
      required.insert(t.text(row.value_set).substr(0, t.text(row.value_set).find('|')));
  line("value sets required", required.size());
  line("code sets", t.code_sets.size());
  line("codes", t.codes.size());

  static constexpr std::pair<std::string_view, model::ParameterType> parameter_types[] = {
      {"token", model::ParameterType::token},         {"reference", model::ParameterType::reference},
      {"string", model::ParameterType::string},       {"date", model::ParameterType::date},
      {"composite", model::ParameterType::composite}, {"uri", model::ParameterType::uri},
      {"quantity", model::ParameterType::quantity},   {"number", model::ParameterType::number},
      {"special", model::ParameterType::special}};
  line("search parameters", t.search_parameters.size());
  for (const auto& [name, type] : parameter_types)
    line(fmt::format("search parameters, {}", name),
         static_cast<std::size_t>(std::count_if(t.search_parameters.begin(), t.search_parameters.end(),
                                                [type = type](const auto& r) { return r.type == type; })));
  std::size_t pairs = 0;
  for (const model::SearchParameterRow& row : t.search_parameters) pairs += row.bases.count;
  line("search parameters by base", pairs);
  line("composite components", t.components.size());

  line("compartments", t.compartments.size());
  for (const model::CompartmentRow& row : t.compartments) {
    std::set<model::TypeId> members;
    const auto first = t.compartment_parameters.begin() + row.parameters.first;
    for (auto at = first; at != first + row.parameters.count; ++at) members.insert(at->type);
    line(fmt::format("compartment {}, types", t.text(row.code)), members.size());
    line(fmt::format("compartment {}, parameters", t.text(row.code)), row.parameters.count);
  }
  line("operations", t.operations.size());
  line("bytes of text", t.pool.bytes().size());
  return lines;
}

}  // namespace generator
