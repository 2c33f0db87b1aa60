#include "search/extractor_plans.h"

#include <array>
#include <optional>
#include <span>

#include "search/value_types.h"

namespace search {
namespace {

using model::ElementId;
using model::Schema;
using model::TypeId;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// The branches of a union: parts between '|' outside parentheses and quotes.
std::vector<std::string_view> branches(std::string_view expression) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  int depth = 0;
  char quote = 0;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (quote) {
      if (c == '\\') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '\'' || c == '`') {
      quote = c;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')') {
      --depth;
    } else if (c == '|' && depth == 0) {
      parts.push_back(trimmed(expression.substr(start, i - start)));
      start = i + 1;
    }
  }
  parts.push_back(trimmed(expression.substr(start)));
  return parts;
}

// A parameter of several bases has a branch for each: "Account.subject.where(...) | AllergyIntolerance.patient". One that begins
// with no type's name
// ("name | alias") belongs to all.
bool belongs_to(const Schema& schema, std::string_view branch, TypeId type) {
  const std::size_t first = branch.find_first_not_of("( ");
  if (first == std::string_view::npos) return false;
  const std::string_view name = branch.substr(first, branch.find_first_of(". )", first) - first);
  if (name.empty() || name.front() < 'A' || name.front() > 'Z') return true;
  const TypeId root = schema.type(name);
  return root != model::no_type && schema.is_a(type, root);
}

// Slips of the pen in HL7's own expressions.
struct Erratum {
  std::string_view written, meant;
};
constexpr std::array<Erratum, 1> errata = {{{"as(DateTime)", "as(dateTime)"}}};  // Observation-code-value-date

std::string corrected(std::string_view expression) {
  std::string text(expression);
  for (const Erratum& row : errata) {
    for (std::size_t at = text.find(row.written); at != std::string::npos; at = text.find(row.written, at + row.meant.size())) {
      text.replace(at, row.written.size(), row.meant);
    }
  }
  return text;
}

class Compiler {
 public:
  Compiler(const Schema& schema, model::ParameterId parameter, TypeId type, std::vector<std::string>& faults)
      : schema_(schema), parameter_(parameter), type_(type), faults_(faults) {}

  std::optional<fhirpath::Plan> compile(std::string_view expression, ElementId context) {
    const std::string text = corrected(expression);
    model::Result<fhirpath::Expression> parsed = fhirpath::Expression::parse(text);
    if (!parsed) return fault(text, parsed.error());
    model::Result<fhirpath::Plan> plan = fhirpath::Plan::compile(*parsed, schema_, context);
    if (!plan) return fault(text, plan.error());
    return std::move(*plan);
  }

  std::vector<fhirpath::Plan> compile_all(const std::vector<std::string_view>& expressions, ElementId context) {
    std::vector<fhirpath::Plan> plans;
    for (const std::string_view expression : expressions) {
      if (std::optional<fhirpath::Plan> plan = compile(expression, context)) plans.push_back(std::move(*plan));
    }
    return plans;
  }

  void note(const std::string& text, const std::string& why) {
    const std::string_view id = schema_.text(schema_.search_parameters[parameter_].id);
    faults_.push_back(
        std::string(id).append(" on ").append(schema_.type_name(type_)).append(": ").append(text).append(": ").append(why));
  }

 private:
  std::nullopt_t fault(const std::string& text, const model::Failure& why) {
    note(text, why.issues.empty() ? std::string() : why.issues.list().front().diagnostics);
    return std::nullopt;
  }

  const Schema& schema_;
  model::ParameterId parameter_;
  TypeId type_;
  std::vector<std::string>& faults_;
};

}  // namespace

ParameterPlans compile_parameter(const Schema& schema, model::ParameterId parameter, TypeId type, std::uint16_t slot,
                                 PathTrie& trie, std::vector<std::string>& faults) {
  const model::SearchParameterRow& row = schema.search_parameters[parameter];
  ParameterPlans result{parameter, slot, {}, {}};
  Compiler compiler(schema, parameter, type, faults);
  std::vector<std::string_view> own;
  for (const std::string_view branch : branches(schema.text(row.expression))) {
    if (belongs_to(schema, branch, type)) own.push_back(branch);
  }
  const ElementId root = schema.types[type].root;
  if (row.type != model::ParameterType::composite) {
    std::erase_if(own, [&](std::string_view branch) { return trie.add(branch, slot); });
    result.plans = compiler.compile_all(own, root);
    return result;
  }
  for (const std::string_view branch : own) {
    std::optional<fhirpath::Plan> roots = compiler.compile(branch, root);
    if (!roots) continue;
    if (roots->results().size() != 1) {
      compiler.note(std::string(branch), "no one kind of element for the components");
      continue;
    }
    CompositePlans plans;
    const std::span<const model::ComponentRow> components = Schema::rows(schema.components, row.components);
    for (std::size_t i = 0; i < components.size(); ++i) {
      const std::vector<std::string_view> expressions = branches(schema.text(components[i].expression));
      plans.components.push_back(
          {component_parameter(schema, row, i), compiler.compile_all(expressions, roots->results().front())});
    }
    plans.roots = std::move(*roots);
    result.composites.push_back(std::move(plans));
  }
  return result;
}

}  // namespace search
