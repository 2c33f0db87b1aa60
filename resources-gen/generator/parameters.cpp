#include "resources-gen/generator/parameters.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "resources-gen/generator/definitions.h"

namespace generator {

namespace {

constexpr std::array<std::pair<std::string_view, model::ParameterType>, 9> parameter_types{{
    {"number", model::ParameterType::number},
    {"date", model::ParameterType::date},
    {"string", model::ParameterType::string},
    {"token", model::ParameterType::token},
    {"reference", model::ParameterType::reference},
    {"composite", model::ParameterType::composite},
    {"quantity", model::ParameterType::quantity},
    {"uri", model::ParameterType::uri},
    {"special", model::ParameterType::special},
}};

model::Range type_list(const std::vector<std::string>& names, std::string_view user, Tables& tables) {
  const model::Range range{static_cast<std::uint32_t>(tables.parameter_bases.size()), static_cast<std::uint32_t>(names.size())};
  for (const std::string& name : names) tables.parameter_bases.push_back(tables.type(name, user));
  return range;
}

}  // namespace

void read_search_parameters(const std::filesystem::path& definitions, Tables& tables) {
  struct Component {
    std::string expression, definition;
  };
  std::vector<std::vector<Component>> components;
  std::map<std::string, model::ParameterId> by_url;
  for_each_resource(definitions / "search-parameters.json", [&](const json::object& resource) {
    if (text(resource, "resourceType") != "SearchParameter") return;
    const std::vector<std::string> bases = texts(resource, "base");
    if (!std::all_of(bases.begin(), bases.end(), [&](const std::string& base) { return tables.type_ids.contains(base); })) return;
    const std::string url = text(resource, "url"), type = text(resource, "type");
    const auto kind =
        std::find_if(parameter_types.begin(), parameter_types.end(), [&](const auto& row) { return row.first == type; });
    if (kind == parameter_types.end()) throw std::runtime_error(url + ": unknown type " + type);
    model::SearchParameterRow row{};
    row.code = tables.pool.add(text(resource, "code"));
    row.id = tables.pool.add(text(resource, "id"));
    row.url = tables.pool.add(url);
    row.description = tables.pool.add(text(resource, "description"));
    row.expression = tables.pool.add(text(resource, "expression"));
    row.type = kind->second;
    row.bases = type_list(bases, url, tables);
    row.targets = type_list(texts(resource, "target"), url, tables);
    row.multiple_or = flag(resource, "multipleOr", true);  // R4's own definitions say it only where it is false
    row.multiple_and = flag(resource, "multipleAnd", true);
    std::vector<Component> parts;
    for (const json::value& item : list(resource, "component"))
      parts.push_back({text(item.as_object(), "expression"), text(item.as_object(), "definition")});
    components.push_back(std::move(parts));
    by_url.emplace(url, static_cast<model::ParameterId>(tables.search_parameters.size()));
    tables.search_parameters.push_back(row);
  });
  for (std::size_t at = 0; at < components.size(); ++at) {
    model::SearchParameterRow& row = tables.search_parameters[at];
    row.components = {static_cast<std::uint32_t>(tables.components.size()), static_cast<std::uint32_t>(components[at].size())};
    for (const Component& part : components[at]) {
      const auto found = by_url.find(part.definition);
      if (found == by_url.end())
        throw std::runtime_error(std::string(tables.text(row.url)) + ": no parameter " + part.definition);
      tables.components.push_back({tables.pool.add(part.expression), found->second});
    }
  }
}

void read_compartments_and_operations(const std::filesystem::path& definitions, Tables& tables) {
  for_each_resource(definitions / "profiles-resources.json", [&](const json::object& resource) {
    const std::string kind = text(resource, "resourceType"), url = text(resource, "url");
    if (kind == "CompartmentDefinition") {
      model::CompartmentRow row{tables.pool.add(text(resource, "code")),
                                tables.pool.add(url),
                                {static_cast<std::uint32_t>(tables.compartment_parameters.size()), 0}};
      for (const json::value& item : list(resource, "resource")) {
        const model::TypeId type = tables.type(text(item.as_object(), "code"), url);
        for (const std::string& parameter : texts(item.as_object(), "param")) {
          tables.compartment_parameters.push_back({type, tables.pool.add(parameter)});
          ++row.parameters.count;
        }
      }
      tables.compartments.push_back(row);
    } else if (kind == "OperationDefinition") {
      tables.operations.push_back({tables.pool.add(text(resource, "code")), tables.pool.add(url), flag(resource, "affectsState"),
                                   flag(resource, "system"), flag(resource, "type"), flag(resource, "instance"),
                                   type_list(texts(resource, "resource"), url, tables)});
    }
  });
}

}  // namespace generator
