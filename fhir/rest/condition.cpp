#include "fhir/rest/condition.h"

#include <algorithm>
#include <array>

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

// R4 search.html#return: these shape a page and select nothing.
constexpr std::array<std::string_view, 12> result_parameters{"_sort",          "_count",  "_include",  "_revinclude",
                                                             "_summary",       "_total",  "_elements", "_contained",
                                                             "_containedType", "_format", "_pretty",   "_page"};

}  // namespace

model::Result<Condition> parse_condition(const Context& context, const Exchange& exchange, model::TypeId type,
                                         std::string_view text, std::string_view what) {
  const auto name = context.schema.type_name(type);
  Condition condition;
  condition.type = type;
  if (text.starts_with(name) && text.substr(name.size()).starts_with('?')) text.remove_prefix(name.size());
  if (text.starts_with('?')) text.remove_prefix(1);
  condition.text = text;
  auto arguments = parse_query(text, what);
  if (!arguments) return arguments.error();
  if (arguments->empty()) {
    return failure(FailureKind::bad_request, IssueCode::required, std::string(what) + " has no search parameter");
  }
  for (const auto& argument : *arguments) {
    const std::string_view parameter = std::string_view(argument.name).substr(0, argument.name.find(':'));
    if (std::find(result_parameters.begin(), result_parameters.end(), parameter) != result_parameters.end()) {
      return failure(
          FailureKind::bad_request, IssueCode::invalid,
          std::string(what) + " has the parameter '" + argument.name + "', which selects nothing; only filters may stand there");
    }
    if (argument.value.empty()) {
      return failure(FailureKind::bad_request, IssueCode::value, std::string(what) + " has no value for '" + argument.name + "'");
    }
  }
  search::ParseOptions options;
  options.strict = true;
  options.base_urls = base_urls(context, exchange);
  auto query = context.search.parse(type, *arguments, options);
  if (!query) return query.error();
  condition.query = std::move(*query);
  return condition;
}

bool is_conditional_reference(const Context& context, const Exchange& exchange, std::string_view reference, model::TypeId& type,
                              std::string_view& criteria) {
  const auto question = reference.find('?');
  if (question == std::string_view::npos) return false;
  type = context.schema.resource_type(below_base_url(context, exchange, reference.substr(0, question)));
  criteria = reference.substr(question + 1);
  return type != model::no_type;
}

std::string several_matches(const Context& context, const Condition& condition, const std::vector<store::Version>& matches) {
  const std::string type(context.schema.type_name(condition.type));
  std::string text = type + "?" + condition.text + " matches more than one " + type + " (";
  for (std::size_t i = 0; i < matches.size() && i < 2; ++i) text += (i ? ", " : "") + type + "/" + matches[i].id;
  return text + " ...)";
}

}  // namespace rest
