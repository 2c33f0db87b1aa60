#include "resources-gen/fhirpath/functions.h"

#include <algorithm>
#include <vector>

namespace fhirpath {

const FunctionRow* find_function(std::string_view name) {
  static const std::vector<const FunctionRow*> rows = [] {
    std::vector<const FunctionRow*> all;
    for (const auto group : {existence_functions(), selection_functions(), conversion_functions(), string_functions(),
                             math_functions(), tree_functions(), boundary_functions()}) {
      for (const FunctionRow& row : group) all.push_back(&row);
    }
    std::sort(all.begin(), all.end(), [](const FunctionRow* a, const FunctionRow* b) { return a->name < b->name; });
    return all;
  }();
  const auto found = std::lower_bound(rows.begin(), rows.end(), name,
                                      [](const FunctionRow* row, std::string_view wanted) { return row->name < wanted; });
  return found != rows.end() && (*found)->name == name ? *found : nullptr;
}

std::string_view Call::name() const { return op.function->name; }

bool Call::one(std::optional<Value>& value) {
  value.reset();
  if (input.size() > 1) return fail("takes one item, there are " + std::to_string(input.size()));
  if (input.empty()) return true;
  value = system_value(input[0]);
  if (!value && input[0].node.primitive() == model::Primitive::none) {
    return fail("does not take a " + std::string(input[0].node.type_name()));
  }
  return true;
}

bool Call::text(std::optional<std::string_view>& value) {
  value.reset();
  std::optional<Value> item;
  if (!one(item)) return false;
  if (!item) return true;
  if (item->kind != ItemKind::string) return fail("takes a string");
  value = item->text;
  return run.charge(item->text.size() / 64);
}

bool Call::argument_text(std::size_t i, std::optional<std::string_view>& value) {
  value.reset();
  std::optional<Value> item;
  if (!run.system(argument(i), scope, item)) return false;
  if (!item) return true;
  if (item->kind != ItemKind::string) return fail("takes a string as argument");
  value = item->text;
  return run.charge(item->text.size() / 64);
}

bool Call::argument_integer(std::size_t i, std::optional<std::int64_t>& value) {
  value.reset();
  std::optional<Value> item;
  if (!run.system(argument(i), scope, item)) return false;
  if (!item) return true;
  if (item->kind != ItemKind::integer) return fail("takes an integer as argument");
  value = item->integer;
  return true;
}

}  // namespace fhirpath
