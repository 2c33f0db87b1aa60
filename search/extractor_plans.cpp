#include "search/extractor_plans.h"

#include <array>
#include <optional>
#include <span>

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

// A parameter of several bases has a branch for each: "Account.subject.where(...) | AllergyIntolerance.patient". One that begins with no type's name
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

  // The element whose children an item at the end of a plain path has: "Observation.component", "Library.useContext".
  std::optional<ElementId> owner_at(std::string_view path) {
    ElementId owner = schema_.types[type_].root;
    std::size_t dot = path.find('.');
    while (dot != std::string_view::npos) {
      const std::size_t next = path.find('.', dot + 1);
      const std::string_view name = path.substr(dot + 1, next == std::string_view::npos ? next : next - dot - 1);
      const ElementId element = schema_.child_by_name(owner, name);
      if (element == model::no_element) {
        note(std::string(path), "no plain path to a root of components");
        return std::nullopt;
      }
      const std::span<const model::ElementTypeRow> types = Schema::rows(schema_.element_types, schema_.elements[element].types);
      owner = schema_.children_owner(element, types.empty() ? model::no_type : types.front().type);
      dot = next;
    }
    return owner;
  }

 private:
  std::nullopt_t fault(const std::string& text, const model::Failure& why) {
    note(text, why.issues.empty() ? std::string() : why.issues.list().front().diagnostics);
    return std::nullopt;
  }
  void note(const std::string& text, const std::string& why) {
    const std::string_view id = schema_.text(schema_.search_parameters[parameter_].id);
    faults_.push_back(std::string(id).append(" on ").append(schema_.type_name(type_)).append(": ").append(text).append(": ").append(why));
  }

  const Schema& schema_;
  model::ParameterId parameter_;
  TypeId type_;
  std::vector<std::string>& faults_;
};

}  // namespace

ParameterPlans compile_parameter(const Schema& schema, model::ParameterId parameter, TypeId type, std::vector<std::string>& faults) {
  const model::SearchParameterRow& row = schema.search_parameters[parameter];
  ParameterPlans result{parameter, {}, {}};
  Compiler compiler(schema, parameter, type, faults);
  std::vector<std::string_view> own;
  for (const std::string_view branch : branches(schema.text(row.expression))) {
    if (belongs_to(schema, branch, type)) own.push_back(branch);
  }
  const ElementId root = schema.types[type].root;
  if (row.type != model::ParameterType::composite) {
    result.plans = compiler.compile_all(own, root);
    return result;
  }
  for (const std::string_view branch : own) {
    std::optional<fhirpath::Plan> roots = compiler.compile(branch, root);
    const std::optional<ElementId> owner = compiler.owner_at(branch);
    if (!roots || !owner) continue;
    CompositePlans plans{std::move(*roots), {}};
    for (const model::ComponentRow& component : Schema::rows(schema.components, row.components)) {
      plans.components.push_back({component.parameter, compiler.compile_all(branches(schema.text(component.expression)), *owner)});
    }
    result.composites.push_back(std::move(plans));
  }
  return result;
}

}  // namespace search
