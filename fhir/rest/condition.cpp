#include "fhir/rest/condition.h"

#include <algorithm>
#include <array>

#include "search/execute_deadline.h"
#include "search/query.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

// R4 search.html#return: these shape a page and select nothing.
constexpr std::array<std::string_view, 14> result_parameters{"_sort",   "_count",    "_include", "_revinclude", "_summary",
                                                             "_total",  "_elements", "_explain", "_contained",  "_containedType",
                                                             "_format", "_pretty",   "_page",    "_query"};

model::Result<Condition> make_condition(const Context& context, const Exchange& exchange, model::TypeId type, std::string text,
                                        const std::vector<search::Argument>& arguments, std::string_view what) {
  Condition condition;
  condition.type = type;
  condition.text = std::move(text);
  if (arguments.empty()) {
    return failure(FailureKind::bad_request, IssueCode::required, std::string(what) + " has no search parameter");
  }
  for (const auto& argument : arguments) {
    const std::string_view parameter = std::string_view(argument.name).substr(0, argument.name.find(':'));
    if (std::find(result_parameters.begin(), result_parameters.end(), parameter) != result_parameters.end()) {
      return failure(
          FailureKind::bad_request, IssueCode::invalid,
          std::string(what) + " has the parameter '" + argument.name + "', which selects nothing; only filters may stand there");
    }
    if (argument.value.find_first_not_of(',') == std::string::npos) {  // left out it would widen what is written
      return failure(FailureKind::bad_request, IssueCode::value, std::string(what) + " has no value for '" + argument.name + "'");
    }
  }
  search::ParseOptions options;
  options.strict = true;
  options.base_urls = base_urls(context, exchange);
  auto query = context.search.parse(type, arguments, options);
  if (!query) return query.error();
  if ((*query)->conditions.empty()) {  // whatever stood there
    return failure(FailureKind::bad_request, IssueCode::required, std::string(what) + " has no search parameter that selects");
  }
  condition.query = std::move(*query);
  return condition;
}

}  // namespace

model::Result<Condition> parse_condition(const Context& context, const Exchange& exchange, model::TypeId type,
                                         std::string_view text, std::string_view what) {
  const auto name = context.schema.type_name(type);
  if (text.starts_with(name) && text.substr(name.size()).starts_with('?')) text.remove_prefix(name.size());
  if (text.starts_with('?')) text.remove_prefix(1);
  const auto arguments = parse_query(text, what);
  if (!arguments) return arguments.error();
  return make_condition(context, exchange, type, std::string(text), *arguments, what);
}

model::Result<Condition> parse_criteria(const Context& context, const Exchange& exchange, std::string_view what) {
  const auto& target = exchange.target;
  std::vector<search::Argument> arguments;
  std::string text;
  for (const auto& argument : target.arguments) {
    if (argument.name == "_format" || argument.name == "_pretty") continue;
    arguments.push_back(argument);
    text += (text.empty() ? "" : "&") + argument.name + "=" + argument.value;
  }
  if (arguments.empty()) {
    const std::string type(context.schema.type_name(target.type));
    return failure(FailureKind::bad_request, IssueCode::required,
                   std::string(what) + " needs the id of a resource, as in " + type + "/[id], or criteria, as in " + type +
                       "?identifier=[system]|[value]");
  }
  return make_condition(context, exchange, target.type, std::move(text), arguments, what);
}

model::Result<std::vector<store::Version>> find_matches(const Context& context, const Condition& condition, std::size_t limit,
                                                        bool staged) {
  try {
    return context.search.match(*condition.query, limit, staged);
  } catch (const search::QueryTimeout&) {
    return failure(FailureKind::timeout, IssueCode::too_costly,
                   "What matches " + std::string(context.schema.type_name(condition.type)) + "?" + condition.text +
                       " takes too long to find; use exact criteria such as identifier=[system]|[value]");
  }
}

model::Result<std::vector<store::Version>> matches_to_delete(const Context& context, const Condition& condition,
                                                             std::size_t others, bool staged) {
  const std::size_t most = context.options.max_conditional_deletes;
  auto matches = find_matches(context, condition, most + others + 1, staged);
  if (!matches || matches->size() <= most + others) return matches;
  return failure(FailureKind::precondition_failed, IssueCode::multiple_matches,
                 std::string(context.schema.type_name(condition.type)) + "?" + condition.text + " matches more than " +
                     std::to_string(most) + " resources, which is what one conditional delete may delete; none was deleted");
}

model::Failure refused_target(const Context& context, const Condition& condition, const std::vector<store::Version>& matches,
                              const UpdateTarget& target) {
  if (matches.size() > 1)
    return failure(FailureKind::precondition_failed, IssueCode::multiple_matches, several_matches(context, condition, matches));
  const std::string type(context.schema.type_name(condition.type));
  const auto criteria = type + "?" + condition.text;
  if (matches.size() == 1) {
    return failure(
        FailureKind::bad_request, IssueCode::invalid,
        criteria + " matches " + type + "/" + matches[0].id + ", but the body's id is '" + target.body_id.substr(0, 64) + "'",
        type + ".id");
  }
  return failure(FailureKind::conflict, IssueCode::conflict,
                 criteria + " matches nothing, but there is a " + type + "/" + target.body_id + ", the id in the body",
                 type + ".id");
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
