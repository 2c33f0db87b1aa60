// What a query is over: its types, its compartment, and which parameters all of its types have.
#include <algorithm>

#include "search/compartment.h"
#include "search/query_arguments.h"
#include "search/query_parser.h"

namespace search {
namespace {

constexpr std::size_t most_named = 5;         // types in a diagnostic
constexpr std::size_t max_type_names = 1000;  // in _type

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < most_named; ++i) text.append(i ? ", " : "").append(names[i]);
  if (names.size() > most_named) text += " and " + std::to_string(names.size() - most_named) + " more";
  return text;
}

}  // namespace

std::vector<model::TypeId> resource_types(const model::Schema& schema) {
  std::vector<model::TypeId> types;
  for (std::size_t i = 0; i < schema.types.size(); ++i) {
    if (schema.types[i].kind == model::TypeKind::resource && !schema.types[i].abstract)
      types.push_back(static_cast<model::TypeId>(i));
  }
  return types;
}

void QueryParser::begin_scope() {
  const model::Schema& schema = context_.schema;
  auto& types = query_->types;
  const bool all = scope_.type == model::no_type;
  query_->place = all ? "" : std::string(schema.type_name(scope_.type));
  if (scope_.compartment == model::no_type) {
    types = all ? resource_types(schema) : std::vector{scope_.type};
    return;
  }
  const std::string owner = std::string(schema.type_name(scope_.compartment)) + "/" + scope_.id;
  query_->place = owner + "/" + (all ? "*" : query_->place);
  if (const auto* compartment = compartment_of(schema, scope_.compartment)) types = compartment_types(schema, *compartment);
  const bool holds = std::binary_search(types.begin(), types.end(), scope_.type);
  if (types.empty() || (!all && !holds)) fault(query_->place + " is no compartment, or its type is never in it");
  if (!all) types = {scope_.type};
}

// R4 search.html#all: "_type" of searches that are over several types.
bool QueryParser::types_argument(std::string_view name, std::string_view modifier, const Argument& argument) {
  if (name != types_parameter || scope_.type != model::no_type) return false;
  if (argument.name.size() != name.size()) {
    fault("The parameter _type does not take the modifier :" + std::string(modifier), model::IssueCode::not_supported);
    return true;
  }
  if (!seen_.insert(types_parameter).second) {
    fault("The parameter _type is given more than once");
    return true;
  }
  std::vector<model::TypeId> types;
  std::vector<std::string> unknown, outside;
  std::string taken;
  const auto names = split_alternatives(argument.value, max_type_names + 1);
  if (names.size() > max_type_names) {
    fault("_type takes at most " + std::to_string(max_type_names) + " names", model::IssueCode::too_costly);
    return true;
  }
  for (const std::string& text : names) {
    const model::TypeId type = context_.schema.resource_type(text);
    if (type == model::no_type) {
      unknown.push_back("'" + text.substr(0, 64) + "'");
    } else if (!query_->is_over(type)) {
      outside.push_back(text);
    } else {
      types.push_back(type);
      taken.append(taken.empty() ? "" : ",").append(text);
    }
  }
  if (!unknown.empty()) {
    fault("_type: " + list_of(unknown) + (unknown.size() == 1 ? " is no resource type" : " are no resource types"));
  }
  if (!outside.empty()) {
    fault("_type: nothing of " + list_of(outside) + " is ever in the compartment of a " +
          std::string(context_.schema.type_name(scope_.compartment)));
  }
  if (types.empty()) return true;
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  query_->types = std::move(types);
  applied(types_parameter, taken);
  return true;
}

void QueryParser::finish_scope() {
  if (scope_.compartment == model::no_type) return;
  auto& conditions = query_->conditions;
  conditions.insert(conditions.begin(), in_compartment(context_.schema, context_.extractor, {scope_.compartment, scope_.id},
                                                       query_->types, query_->base_urls));
  for (const Clause& clause : conditions.front().any) query_->size += clause.scans.size();
}

std::string QueryParser::types_text() const {
  return one_type() ? std::string(context_.schema.type_name(query_->types.front())) : "the types searched";
}

// R4 http.html#search: of several types "only the parameters defined for all resources can be used".
QueryParser::ParameterIds QueryParser::parameters_named(std::string_view name, std::string_view what,
                                                        const std::string& as_sent) {
  ParameterIds out;
  std::vector<std::string> without;
  for (const model::TypeId type : query_->types) {
    out.push_back(context_.extractor.parameter(type, name));
    if (out.back() == no_parameter) without.emplace_back(context_.schema.type_name(type));
  }
  if (without.empty()) return out;
  if (without.size() == out.size()) {
    leave_out(std::string(what) + (what.empty() ? "Unknown" : "unknown") + " search parameter for " + types_text() + ": " +
              as_sent);
  } else {
    leave_out(std::string(what) + as_sent + " is no search parameter of " + list_of(without) +
              ", and of several types only what all of them have can be searched; _type says which types");
  }
  return {};
}

}  // namespace search
